"""Connection: which responses are accepted, which are errors, and when it is closed."""

import asyncio
import socket
import struct

import pytest

from glimpse.upstream.client import HttpClient
from glimpse.upstream.errors import ConnectionLost, ProtocolError, ResponseTooLarge, UpstreamError
from tests.upstream.conftest import (
    OK,
    ScriptedServer,
    get,
    listening,
    make_client,
    read_request,
    wait_until,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
RESPONSES = {
    "a length": (OK, 200, b"ok"),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "an empty body": (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b""),
    "chunks": (
        CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\nA: b\r\n\r\n",
        200,
        b"ok",
    ),
    "an early hint first": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, 200, b"ok"),
    "an interim response first": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
    "an error": (b"HTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\n!", 500, b"!"),
}


@pytest.mark.parametrize("name", RESPONSES)
async def test_response_is_read_and_its_connection_reused(
    client: HttpClient, scripted: ScriptedServer, name: str
) -> None:
    scripted.response, status, body = RESPONSES[name]
    for _ in range(3):
        response = await get(client, scripted.url)
        assert (response.status, response.body) == (status, body)
    assert scripted.connections == 1


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\n"]
)
async def test_response_without_a_length_ends_with_its_connection(
    client: HttpClient, scripted: ScriptedServer, head: bytes
) -> None:
    scripted.response, scripted.closes = head + b"all of it", True
    assert (await get(client, scripted.url)).body == b"all of it"
    assert (await get(client, scripted.url)).body == b"all of it"
    assert scripted.connections == 2


@pytest.mark.parametrize("ended_by", ["the client", "a reset"])
async def test_response_without_a_length_fails_if_its_connection_is_cut(ended_by: str) -> None:
    may_reset = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\na part")
        await may_reset.wait()
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with listening(serve) as url:
        client = make_client()
        request = asyncio.create_task(get(client, url))
        await wait_until(lambda: any(each._body for each in client._open_connections))  # noqa: SLF001  no other sign of it
        if ended_by == "the client":
            await client.close()
        else:
            may_reset.set()
        with pytest.raises(ProtocolError, match="closed within the response"):
            await request
        may_reset.set()
        await client.close()


async def test_header_names_ignore_case(client: HttpClient, scripted: ScriptedServer) -> None:
    scripted.response = b"HTTP/1.1 503 Busy\r\nRETRY-after: 7\r\nContent-Length: 0\r\n\r\n"
    response = await get(client, scripted.url)
    assert response.header(b"retry-after") == "7"
    assert response.header(b"date") is None


FAILURES: dict[str, tuple[bytes, type[UpstreamError]]] = {
    "nothing": (b"", ConnectionLost),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", ConnectionLost),
    "half a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", ProtocolError),
    "half of the chunks": (
        CHUNKED + b"4\r\nhalf\r\n",
        ProtocolError,
    ),
    "an interim response only": (b"HTTP/1.1 100 Continue\r\n\r\n", ConnectionLost),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", ProtocolError),
    "another protocol": (
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        ProtocolError,
    ),
    "a negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ProtocolError),
    "more than is accepted": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + 1001 * b"x",
        ResponseTooLarge,
    ),
    "more than is accepted, in chunks": (
        CHUNKED + 1001 * b"1\r\nx\r\n",
        ResponseTooLarge,
    ),
    "a head without end": (b"HTTP/1.1 200 OK\r\nA: " + 100_000 * b"x", ResponseTooLarge),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + 20_000 * b"A: b\r\n", ResponseTooLarge),
    "many headers": (b"HTTP/1.1 200 OK\r\n" + 1000 * b"A:\r\n" + b"\r\n", ResponseTooLarge),
    "a status line without end": (b"HTTP/1.1 200 " + 100_000 * b"x", ResponseTooLarge),
    "a name without end": (b"HTTP/1.1 200 OK\r\n" + 100_000 * b"x", ResponseTooLarge),
    "interim responses without end": (20_000 * b"HTTP/1.1 100 Continue\r\n\r\n", ResponseTooLarge),
    "interim responses with many headers": (
        100 * (b"HTTP/1.1 103 Early Hints\r\n" + 20 * b"A: b\r\n" + b"\r\n") + OK,
        ResponseTooLarge,
    ),
    "trailers without end": (CHUNKED + b"0\r\n" + 20_000 * b"A: b\r\n", ResponseTooLarge),
    "a chunk extension without end": (CHUNKED + b"1;" + 100_000 * b"x", ResponseTooLarge),
    "a length that is too large": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        ResponseTooLarge,
    ),
    "a length of many digits": (
        b"HTTP/1.1 200 OK\r\nContent-Length: " + 5000 * b"1" + b"\r\n\r\n",
        ProtocolError,
    ),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_bad_response_raises_and_the_next_is_read(
    client: HttpClient, scripted: ScriptedServer, name: str
) -> None:
    scripted.response, error = FAILURES[name]
    scripted.closes = True
    with pytest.raises(error):
        await get(client, scripted.url)
    scripted.response = OK
    assert (await get(client, scripted.url)).body == b"ok"


@pytest.mark.parametrize("more", [OK, b"HTTP/1.1 2", b"junk"], ids=["response", "half", "junk"])
async def test_surplus_bytes_are_never_the_next_response(
    client: HttpClient, scripted: ScriptedServer, more: bytes
) -> None:
    scripted.response = OK + more
    assert (await get(client, scripted.url)).body == b"ok"
    scripted.response = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"
    assert (await get(client, scripted.url)).body == b"new"
    assert scripted.connections == 2


async def test_unrequested_response_closes_an_idle_connection(client: HttpClient) -> None:
    connections: list[asyncio.StreamWriter] = []
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        while await read_request(reader):
            writer.write(OK)
        closed.set()

    async with listening(serve) as url:
        assert (await get(client, url)).body == b"ok"
        connections[0].write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await wait_until(closed.is_set)
        assert (await get(client, url)).status == 200
        assert len(connections) == 2


async def test_connection_with_connection_close_is_not_reused(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    scripted.response = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    for _ in range(2):
        await get(client, scripted.url)
    assert scripted.connections == 2


async def test_connection_closed_by_the_server_is_not_reused(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    scripted.closes = True
    for number in (1, 2):
        await get(client, scripted.url)
        await wait_until(lambda number=number: scripted.ended == number)  # type: ignore[misc]  # mypy does not infer a lambda's default
        await asyncio.sleep(0.05)  # the client sees it in the next round of this event loop
    assert scripted.connections == 2


async def test_read_timeout_ends_a_request(scripted: ScriptedServer) -> None:
    client = make_client(read_timeout=0.1)
    scripted.gate.clear()
    with pytest.raises(TimeoutError):
        await get(client, scripted.url)
    await client.close()


async def test_response_may_take_longer_than_the_read_timeout() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for byte in OK:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.02)  # a slow server

    client = make_client(read_timeout=0.4)
    async with listening(serve) as url:
        assert (await get(client, url)).body == b"ok"
    await client.close()


@pytest.mark.parametrize("status", [301, 400, 404, 500, 599])
@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
async def test_body_of_an_error_is_truncated_and_its_connection_closed(
    client: HttpClient, scripted: ScriptedServer, status: int, framing: str
) -> None:
    body = 10_000_000 * b"x"
    head = {
        "length": b"Content-Length: 10000000\r\n",
        "chunks": b"Transfer-Encoding: chunked\r\n",
        "close": b"",
    }[framing]
    framed = b"989680\r\n" + body + b"\r\n0\r\n\r\n" if framing == "chunks" else body
    scripted.response = b"HTTP/1.1 %d Oh\r\n" % status + head + b"\r\n" + framed
    for _ in range(2):
        response = await get(client, scripted.url, max_response_bytes=20_000_000)
        assert (response.status, response.body) == (status, 64_000 * b"x")
    assert scripted.connections == 2


async def test_trailer_is_no_header(client: HttpClient, scripted: ScriptedServer) -> None:
    scripted.response = CHUNKED + b"2\r\nok\r\n0\r\nRetry-After: 7\r\n\r\n"
    response = await get(client, scripted.url)
    assert (response.body, response.header(b"retry-after")) == (b"ok", None)


async def test_large_bodies_wait_for_memory_and_small_ones_do_not(
    scripted: ScriptedServer,
) -> None:
    client = make_client(max_buffered_bytes=3_000_000, read_timeout=2.0)
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    pending: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            writer.write(large)
            pending.append(writer)

    async with listening(serve) as url:
        calls = [asyncio.create_task(get(client, url, 1_000_000)) for _ in range(8)]
        for left in range(8, 0, -1):
            await wait_until(lambda left=left: len(pending) == left)  # type: ignore[misc]  # mypy does not infer a lambda's default
            assert (await get(client, scripted.url)).body == b"ok"
            writer = pending.pop(0)
            writer.write(1_000_000 * b"x")
            done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            assert {len(call.result().body) for call in done} == {1_000_000}
            calls = [call for call in calls if not call.done()]
    await client.close()


async def test_cancelled_large_body_releases_its_reservation() -> None:
    client = make_client(max_buffered_bytes=1_000_000)
    served: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            writer.write(CHUNKED + b"493e0\r\n" + 300_000 * b"x" + b"\r\n")
            served.append(writer)

    async with listening(serve) as url:
        calls = [asyncio.create_task(get(client, url, 1_000_000)) for _ in range(40)]
        await wait_until(lambda: len(served) == 40)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        again = asyncio.create_task(get(client, url, 1_000_000))
        await wait_until(lambda: len(served) == 41)
        served[-1].write(b"0\r\n\r\n")
        assert len((await again).body) == 300_000
    await client.close()
