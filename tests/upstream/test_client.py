"""HttpClient: the reuse of connections, and the requests that it sends."""

import asyncio

import pytest

from glimpse.upstream.client import HttpClient
from glimpse.upstream.errors import ConnectError, ConnectionLost, ConnectTimeout
from tests.support.options import tls_options
from tests.upstream.conftest import ScriptedServer, get, listening, make_client, wait_until


async def test_idle_connection_is_closed_after_a_while(
    client: HttpClient, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glimpse.upstream.client._IDLE_SECONDS", 0.1)
    await asyncio.gather(*(get(client, scripted.url) for _ in range(5)))
    assert scripted.connections == 5
    await wait_until(lambda: scripted.ended == 5)
    assert (await get(client, scripted.url)).body == b"ok"


async def test_cancelled_request_closes_its_connection(
    client: HttpClient, scripted: ScriptedServer
) -> None:
    scripted.gate.clear()
    call = asyncio.create_task(get(client, scripted.url))
    await wait_until(lambda: bool(scripted.requests))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    scripted.gate.set()
    assert (await get(client, scripted.url)).body == b"ok"
    assert scripted.connections == 2


async def test_request_waits_while_all_connections_are_in_use(scripted: ScriptedServer) -> None:
    client = make_client(max_connections=2)
    scripted.gate.clear()
    calls = [asyncio.create_task(get(client, scripted.url)) for _ in range(6)]
    await wait_until(lambda: len(scripted.requests) == 2)
    await asyncio.sleep(0.05)  # in which nothing happens
    assert (scripted.connections, len(scripted.requests)) == (2, 2)
    scripted.gate.set()
    assert [(await call).body for call in calls] == 6 * [b"ok"]
    assert scripted.connections == 2
    await client.close()


async def test_close_ends_requests_that_wait_for_a_connection(scripted: ScriptedServer) -> None:
    client = make_client(max_connections=1)
    scripted.gate.clear()
    calls = [asyncio.create_task(get(client, scripted.url)) for _ in range(3)]
    await wait_until(lambda: len(scripted.requests) == 1)
    await client.close()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in results] == [ConnectionLost, ConnectError, ConnectError]
    assert (scripted.connections, len(scripted.requests)) == (1, 1)


async def test_close_ends_requests_in_progress(scripted: ScriptedServer) -> None:
    client = make_client()
    scripted.gate.clear()
    call = asyncio.create_task(get(client, scripted.url))
    await wait_until(lambda: bool(scripted.requests))
    await client.close()
    with pytest.raises(ConnectionLost):
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
async def test_unreachable_server_is_a_connect_error(client: HttpClient, url: str) -> None:
    with pytest.raises(ConnectError):
        await get(client, url)


async def test_slow_connection_is_a_connect_timeout() -> None:
    async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)  # until the test ends

    client = HttpClient(tls=tls_options(), connect_timeout=0.1, read_timeout=5)
    async with listening(serve) as url:
        with pytest.raises(ConnectTimeout):  # the server does not respond to the TLS handshake
            await get(client, url.replace("http:", "https:"))
    await client.close()


async def test_any_address_of_a_name_may_work(client: HttpClient, scripted: ScriptedServer) -> None:
    url = scripted.url.replace("127.0.0.1", "localhost")  # also ::1, where no server listens
    assert (await get(client, url)).body == b"ok"


async def test_request_has_the_given_parts(client: HttpClient, scripted: ScriptedServer) -> None:
    headers = {"X-Auth-Token": "t\xe9", "Accept": "application/json"}
    url = f"{scripted.url.replace('//', '//us%65r:p%40ss@')}/image"
    await client.request("PATCH", url, "/v2/a?b=c", headers, b"{}", max_response_bytes=10)
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


async def test_ipv6_address_is_in_brackets(client: HttpClient) -> None:
    server = ScriptedServer()
    try:
        async with listening(server.serve, "::1") as url:
            assert (await get(client, url)).body == b"ok"
            assert f"Host: {url.removeprefix('http://')}\r\n".encode() in server.requests[0]
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")


@pytest.mark.parametrize("value", ["a\r\nX-Roles: admin", "a\nb", "a\rb", "a\0b"])
async def test_header_value_with_a_line_end_is_refused(
    client: HttpClient, scripted: ScriptedServer, value: str
) -> None:
    with pytest.raises(ValueError, match="more than one line"):
        await client.request(
            "GET", scripted.url, "/", {"X-Auth-Token": value}, max_response_bytes=10
        )
    assert not scripted.connections


@pytest.mark.parametrize("file", ["cafile", "certfile"])
async def test_unusable_tls_file_is_an_error(file: str, scripted: ScriptedServer) -> None:
    options = tls_options(**{file: "/nowhere.pem"})
    with pytest.raises(OSError, match="No such file"):
        _ = options.context
    client = HttpClient(tls=options, connect_timeout=5, read_timeout=5)
    with pytest.raises(ConnectError):
        await get(client, scripted.url.replace("http:", "https:"))
    await client.close()
