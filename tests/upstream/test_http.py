"""HttpClient against servers that say what a test wants said, to the byte."""

import asyncio
import dataclasses
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from glimpse.upstream.connection import Response
from glimpse.upstream.errors import (
    AnswerTooLarge,
    BrokenAnswer,
    CallFailed,
    ConnectTimeout,
    Disconnected,
    NotConnected,
)
from glimpse.upstream.http import HttpClient
from glimpse.upstream.tls import TlsOptions

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Scripted:
    """A server that answers each request with `answer`, and closes after it if told so."""

    def __init__(self, answer: bytes = FINE, *, closes: bool = False) -> None:
        self.answer = answer
        self.closes = closes
        self.url = ""
        self.requests: list[bytes] = []
        self.connections = 0
        self.ended = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await _request(reader):
                self.requests.append(request)
                await self.gate.wait()
                writer.write(self.answer)
                await writer.drain()
                if self.closes:
                    break
        finally:
            self.ended += 1


async def _request(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
    return head + await reader.readexactly(int(length or 0))


@asynccontextmanager
async def listening(serve: Serve, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """The base URL of a server whose connections `serve` serves; at the end all of them end."""
    serving: set[asyncio.Task[None]] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())  # type: ignore[arg-type]  # within a task
        try:
            await serve(reader, writer)
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve_one, host, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        server.close()
        await asyncio.sleep(0.01)  # what was accepted last begins
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
        await asyncio.sleep(0.01)


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    server = Scripted()
    async with listening(server.serve) as server.url:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = make_client()
    yield made
    await made.close()


def make_client(*, silence: float = 5.0, most_connections: int = 100) -> HttpClient:
    return HttpClient(
        tls=TlsOptions(),
        connect_timeout=5.0,
        silence_timeout=silence,
        most_connections=most_connections,
    )


async def get(client: HttpClient, url: str, most_bytes: int = 1000) -> Response:
    return await client.request("GET", url, "/", {}, most_bytes=most_bytes)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.01)


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
        while await _request(reader):
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


async def test_an_idle_connection_is_closed_after_a_while(
    client: HttpClient, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glimpse.upstream.http._KEPT_SECONDS", 0.1)
    await asyncio.gather(*(get(client, scripted.url) for _ in range(5)))
    assert scripted.connections == 5
    await until(lambda: scripted.ended == 5)
    assert (await get(client, scripted.url)).body == b"ok"


async def test_a_silence_ends_the_call(scripted: Scripted) -> None:
    client = make_client(silence=0.1)
    scripted.gate.clear()
    with pytest.raises(TimeoutError):
        await get(client, scripted.url)
    await client.close()


async def test_an_answer_may_take_longer_than_any_silence() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        for byte in FINE:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.02)

    client = make_client(silence=0.4)
    async with listening(serve) as url:
        assert (await get(client, url)).body == b"ok"
    await client.close()


async def test_a_call_that_nobody_waits_for_ends_its_connection(
    client: HttpClient, scripted: Scripted
) -> None:
    scripted.gate.clear()
    call = asyncio.create_task(get(client, scripted.url))
    await until(lambda: bool(scripted.requests))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    scripted.gate.set()
    assert (await get(client, scripted.url)).body == b"ok"
    assert scripted.connections == 2


async def test_who_finds_all_connections_in_use_waits_for_one(scripted: Scripted) -> None:
    client = make_client(most_connections=2)
    scripted.gate.clear()
    calls = [asyncio.create_task(get(client, scripted.url)) for _ in range(6)]
    await until(lambda: len(scripted.requests) == 2)
    await asyncio.sleep(0.05)
    assert (scripted.connections, len(scripted.requests)) == (2, 2)
    scripted.gate.set()
    assert [(await call).body for call in calls] == 6 * [b"ok"]
    assert scripted.connections == 2
    await client.close()


async def test_closing_ends_calls_under_way(scripted: Scripted) -> None:
    client = make_client()
    scripted.gate.clear()
    call = asyncio.create_task(get(client, scripted.url))
    await until(lambda: bool(scripted.requests))
    await client.close()
    with pytest.raises(Disconnected):
        await call


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "https://127.0.0.1:1",
        "http://nowhere.invalid",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://" + 70 * "x" + ".example",
        "http://",
        "http://[::1",
    ],
)
async def test_where_nobody_listens_nothing_is_sent(client: HttpClient, url: str) -> None:
    with pytest.raises(NotConnected):
        await get(client, url)


async def test_a_connection_that_is_not_there_in_time_is_none() -> None:
    async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    client = HttpClient(tls=TlsOptions(), connect_timeout=0.1, silence_timeout=5)
    async with listening(serve) as url:
        with pytest.raises(ConnectTimeout):  # it says nothing, and so there is no TLS
            await get(client, url.replace("http:", "https:"))
    await client.close()


async def test_a_name_with_several_addresses_needs_one_that_works(
    client: HttpClient, scripted: Scripted
) -> None:
    url = scripted.url.replace("127.0.0.1", "localhost")  # ::1, too, where nobody listens
    assert (await get(client, url)).body == b"ok"


async def test_a_request_says_what_it_is_given(client: HttpClient, scripted: Scripted) -> None:
    headers = {"X-Auth-Token": "t\xe9", "Accept": "application/json"}
    url = f"{scripted.url.replace('//', '//us%65r:p%40ss@')}/image"
    await client.request("PATCH", url, "/v2/a?b=c", headers, b"{}", most_bytes=10)
    head, _, body = scripted.requests[0].partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    assert line == "PATCH /image/v2/a?b=c HTTP/1.1"
    sent = dict(each.split(": ", 1) for each in rest)
    assert sent["Host"] == scripted.url.removeprefix("http://")
    assert sent["User-Agent"].startswith("glimpse/")
    assert sent["Authorization"] == "Basic dXNlcjpwQHNz"
    assert sent["X-Auth-Token"] == "t\xe9"
    assert sent["Content-Length"] == "2"
    assert body == b"{}"


async def test_an_address_of_version_6_is_written_in_brackets(client: HttpClient) -> None:
    server = Scripted()
    try:
        async with listening(server.serve, "::1") as url:
            assert (await get(client, url)).body == b"ok"
            assert f"Host: {url.removeprefix('http://')}\r\n".encode() in server.requests[0]
    except OSError:
        pytest.skip("this machine has no loopback address of version 6")


@pytest.mark.parametrize("value", ["a\r\nX-Roles: admin", "a\nb", "a\rb", "a\0b"])
async def test_a_header_of_two_lines_is_never_sent(
    client: HttpClient, scripted: Scripted, value: str
) -> None:
    with pytest.raises(ValueError, match="more than one line"):
        await client.request("GET", scripted.url, "/", {"X-Auth-Token": value}, most_bytes=10)
    assert not scripted.connections


@pytest.mark.parametrize("file", ["cafile", "certfile"])
async def test_a_file_that_cannot_be_used_is_an_error(file: str, scripted: Scripted) -> None:
    options = dataclasses.replace(TlsOptions(), **{file: "/nowhere.pem"})  # type: ignore[arg-type]
    with pytest.raises(OSError, match="No such file"):
        assert isinstance(options.context, ssl.SSLContext)
    client = HttpClient(tls=options, connect_timeout=5, silence_timeout=5)
    with pytest.raises(NotConnected):
        await get(client, scripted.url.replace("http:", "https:"))
    await client.close()
