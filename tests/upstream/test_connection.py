"""What is read from a connection: answers, what is none, and when there will be no other."""

import asyncio

import pytest

from glimpse.upstream.errors import AnswerTooLarge, BrokenAnswer, CallFailed, Disconnected
from glimpse.upstream.http import HttpClient
from tests.upstream.conftest import FINE, Scripted, get, listening, make_client, read_request, until

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWERS = {
    "a length": (FINE, 200, b"ok"),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "an empty body": (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b""),
    "chunks": (
        CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\nA: b\r\n\r\n",
        200,
        b"ok",
    ),
    "an early hint first": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + FINE, 200, b"ok"),
    "a go-ahead first": (b"HTTP/1.1 100 Continue\r\n\r\n" + FINE, 200, b"ok"),
    "an error": (b"HTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\n!", 500, b"!"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_is_read_and_the_connection_used_again(
    client: HttpClient, scripted: Scripted, name: str
) -> None:
    scripted.answer, status, body = ANSWERS[name]
    for _ in range(3):
        response = await get(client, scripted.url)
        assert (response.status, response.body) == (status, body)
    assert scripted.connections == 1


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\n"]
)
async def test_an_answer_may_end_with_the_connection(
    client: HttpClient, scripted: Scripted, head: bytes
) -> None:
    scripted.answer, scripted.closes = head + b"all of it", True
    assert (await get(client, scripted.url)).body == b"all of it"
    assert (await get(client, scripted.url)).body == b"all of it"
    assert scripted.connections == 2


async def test_a_header_is_found_whatever_its_case(client: HttpClient, scripted: Scripted) -> None:
    scripted.answer = b"HTTP/1.1 503 Busy\r\nRETRY-after: 7\r\nContent-Length: 0\r\n\r\n"
    response = await get(client, scripted.url)
    assert response.header(b"retry-after") == "7"
    assert response.header(b"date") is None


FAILURES: dict[str, tuple[bytes, type[CallFailed]]] = {
    "nothing": (b"", Disconnected),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", Disconnected),
    "half a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", BrokenAnswer),
    "half of the chunks": (
        CHUNKED + b"4\r\nhalf\r\n",
        BrokenAnswer,
    ),
    "a go-ahead only": (b"HTTP/1.1 100 Continue\r\n\r\n", Disconnected),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", BrokenAnswer),
    "another protocol": (
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        BrokenAnswer,
    ),
    "a negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", BrokenAnswer),
    "more than is wanted": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + 1001 * b"x",
        AnswerTooLarge,
    ),
    "more than is wanted, in chunks": (
        CHUNKED + 1001 * b"1\r\nx\r\n",
        AnswerTooLarge,
    ),
    "a head without end": (b"HTTP/1.1 200 OK\r\nA: " + 100_000 * b"x", AnswerTooLarge),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + 20_000 * b"A: b\r\n", AnswerTooLarge),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_what_is_no_answer_is_told_and_the_next_is_read(
    client: HttpClient, scripted: Scripted, name: str
) -> None:
    scripted.answer, error = FAILURES[name]
    scripted.closes = True
    with pytest.raises(error):
        await get(client, scripted.url)
    scripted.answer = FINE
    assert (await get(client, scripted.url)).body == b"ok"


@pytest.mark.parametrize("more", [FINE, b"HTTP/1.1 2", b"junk"], ids=["answer", "half", "junk"])
async def test_what_nobody_asked_for_is_never_the_next_answer(
    client: HttpClient, scripted: Scripted, more: bytes
) -> None:
    scripted.answer = FINE + more
    assert (await get(client, scripted.url)).body == b"ok"
    scripted.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"
    assert (await get(client, scripted.url)).body == b"new"
    assert scripted.connections == 2


async def test_what_an_idle_connection_is_told_ends_it(client: HttpClient) -> None:
    connections: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        while await read_request(reader):
            writer.write(FINE)

    async with listening(serve) as url:
        assert (await get(client, url)).body == b"ok"
        connections[0].write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(0.1)
        assert (await get(client, url)).status == 200
        assert len(connections) == 2


async def test_a_connection_that_the_server_will_close_is_not_used_again(
    client: HttpClient, scripted: Scripted
) -> None:
    scripted.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    for _ in range(2):
        await get(client, scripted.url)
    assert scripted.connections == 2


async def test_a_connection_that_the_server_closed_is_not_used_again(
    client: HttpClient, scripted: Scripted
) -> None:
    scripted.closes = True
    for number in (1, 2):
        await get(client, scripted.url)
        await until(lambda number=number: scripted.ended == number)  # type: ignore[misc]
        await asyncio.sleep(0.05)
    assert scripted.connections == 2


async def test_a_silence_ends_the_call(scripted: Scripted) -> None:
    client = make_client(silence=0.1)
    scripted.gate.clear()
    with pytest.raises(TimeoutError):
        await get(client, scripted.url)
    await client.close()


async def test_an_answer_may_take_longer_than_any_silence() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for byte in FINE:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.02)

    client = make_client(silence=0.4)
    async with listening(serve) as url:
        assert (await get(client, url)).body == b"ok"
    await client.close()
