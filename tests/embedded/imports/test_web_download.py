"""Data is downloaded from a local server, whose address a fake resolver gives to names."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from glimpse.embedded.imports.errors import ImportFailed
from glimpse.embedded.imports.web_download import UrlRefused
from glimpse.upstream.tls import TlsOptions
from tests.embedded.imports.downloads import (
    CAP,
    HELLO,
    OK,
    FakeResolver,
    downloads,
    fetch,
    redirecting,
    refused,
    server,
)
from tests.support.certificates import Certificates
from tests.support.scripted_server import ScriptedServer

CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


async def test_data_is_downloaded_without_credentials_and_cookies() -> None:
    with server(HELLO) as source:
        assert await fetch(downloads(), f"{source.base_url}/a%20b?c=d") == b"hello"
        head = source.heads[0]
    assert head.startswith("GET /a%20b?c=d HTTP/1.1\r\n")
    sent = {line.partition(":")[0].lower() for line in head.split("\r\n")[1:]}
    assert sent == {"host", "user-agent", "accept", "accept-encoding", "connection"}


@pytest.mark.parametrize(
    ("response", "data"),
    [
        ((OK + b"\r\nhello",), b"hello"),  # until the connection closes
        ((OK + b"Content-Length: 0\r\n\r\n",), b""),
        ((OK + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhel", b"lo\r\n0\r\n\r\n"), b"hello"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n" + HELLO,), b"hello"),
        ((HELLO + b"more", b"and more"), b"hello"),
        ((HELLO + HELLO,), b"hello"),
        ((CHUNKED + b"5\r\nhello\r\n0\r\nA: ", b"b" * 60_000, b"\r\n\r\n"), b"hello"),
        ((CHUNKED, *[b"1;" + b"e" * 40_000 + b"\r\n", b"x\r\n"] * 3, b"0\r\n\r\n"), b"xxx"),
        ((OK + b"Content-Length: 300000\r\n\r\n", b"x" * 150_000, b"x" * 150_000), b"x" * 300_000),
    ],
)
async def test_the_body_of_a_response_is_the_data(response: tuple[bytes], data: bytes) -> None:
    with server(*response) as source:
        assert await fetch(downloads(), source.base_url) == data


async def test_many_small_chunks_are_few_pieces() -> None:
    chunks = OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n"
    with server(chunks) as source:
        pieces = [piece async for piece in downloads().download(source.base_url, CAP)]
    assert b"".join(pieces) == b"x" * 100_000
    assert len(pieces) < 1000


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (OK + b"Content-Length: 9\r\n\r\nhello", "closed before the end"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "closed before the end"),
        (b"", "closed before the end"),
        (b"HTTP/1.1 200 OK\r\nA: b", "closed before the end"),
        (b"SSH-2.0-OpenSSH\r\n", "not HTTP"),
        (OK + b"Content-Length: x\r\n\r\nhello", "not HTTP"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nhello", "not HTTP"),
        (OK + b"A: b\r\n" * 20_000 + b"\r\n", "headers of the response are too large"),
        (OK + b"A: " + b"b" * 90_000 + b"\r\n\r\n", "headers of the response are too large"),
        (b"HTTP/1.1 404 -\r\nContent-Length: 5\r\n\r\nhello", "status 404"),
        (b"HTTP/1.1 206 -\r\nContent-Length: 5\r\n\r\nhello", "status 206"),
        (b"HTTP/1.1 204 -\r\n\r\n", "status 204"),
        (b"HTTP/1.1 302 -\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (b"HTTP/1.1 304 -\r\nLocation: /x\r\n\r\n", "status 304"),
        (b"HTTP/1.1 101 -\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx", "not HTTP|closed before"),
    ],
)
async def test_anything_but_a_whole_response_is_a_failure(response: bytes, reason: str) -> None:
    with server(response) as source, pytest.raises(ImportFailed, match=reason):
        await fetch(downloads(), source.base_url)


@pytest.mark.parametrize(
    "response",
    [
        (OK + f"Content-Length: {CAP + 1}\r\n\r\n".encode(),),
        (OK + b"\r\n", *[b"x" * 100_000] * 11),
    ],
)
async def test_more_data_than_an_image_may_have_is_a_failure(response: tuple[bytes, ...]) -> None:
    with server(*response) as source, pytest.raises(ImportFailed, match=f"more than {CAP} bytes"):
        await fetch(downloads(), source.base_url)


async def test_endless_data_is_a_failure_before_much_of_it_is_read() -> None:
    def respond(_: str) -> Iterable[bytes]:
        yield OK + b"\r\n"
        while True:
            yield b"x" * 100_000

    with ScriptedServer(respond) as source, pytest.raises(ImportFailed, match="more than"):
        await fetch(downloads(), source.base_url)


@pytest.mark.parametrize(
    ("pieces", "options", "reason"),
    [
        ([OK], {"idle": 0.2}, "nothing was received for 0.2 s"),
        ([OK, b"\r\nx"], {"idle": 0.2}, "nothing was received for 0.2 s"),
        ([], {"total": 0.2}, "took more than 0.2 s"),
        ([OK, b"\r\n", *[b"x"] * 1000], {"idle": 0.5, "total": 0.3}, "took more than 0.3 s"),
    ],
)
async def test_a_slow_source_is_a_failure(
    pieces: list[bytes], options: dict[str, Any], reason: str
) -> None:
    def respond(_: str) -> Iterable[bytes]:
        for piece in pieces:
            yield piece
            time.sleep(0.01)  # a slow server
        stop.wait()

    stop = threading.Event()
    with ScriptedServer(respond) as source:
        try:
            with pytest.raises(ImportFailed, match=reason):
                await fetch(downloads(**options), source.base_url)
        finally:
            stop.set()


@pytest.mark.parametrize("start", [b"0\r\nA: ", b"1;"], ids=["trailer", "chunk extension"])
async def test_endless_bytes_without_data_are_a_failure(start: bytes) -> None:
    def respond(_: str) -> Iterable[bytes]:
        yield CHUNKED + b"5\r\nhello\r\n" + start
        for _part in range(16):
            yield b"b" * 65_536

    with (
        ScriptedServer(respond) as source,
        pytest.raises(ImportFailed, match="trailers of the response are too large"),
    ):
        await fetch(downloads(), source.base_url)


async def test_a_header_that_arrives_in_parts_counts_once() -> None:
    def respond(_: str) -> Iterable[bytes]:
        yield OK + b"A: " + b"a" * 40_000
        time.sleep(0.05)  # so that the client reads the parts one by one
        yield b"\r\nContent-Length: 5\r\n\r\nhello"

    with ScriptedServer(respond) as source:
        assert await fetch(downloads(), source.base_url) == b"hello"


async def test_a_server_that_cannot_be_reached_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ImportFailed, match="cannot be reached"):
        await fetch(downloads(), f"http://127.0.0.1:{port}/")


async def test_redirects_are_followed() -> None:
    with redirecting("1", "/2", "data") as source:
        assert await fetch(downloads(), f"{source.base_url}/0") == b"hello"
        assert len(source.heads) == 4


async def test_a_loop_of_redirects_ends() -> None:
    with redirecting("/0") as source, pytest.raises(ImportFailed, match="more than 10 redirects"):
        await fetch(downloads(), f"{source.base_url}/0")
    assert len(source.heads) == 11


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.2", "2130706433", "0x7f000001", "017700000001", "127.1"),
        *("[::ffff:127.0.0.1]", "[::1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *("127.0.0.1.", "example.org@127.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "0.0.0.0"),
        *("inside.example", "localhost"),
    ],
)
async def test_addresses_inside_are_refused_at_once_and_in_redirects(host: str) -> None:
    """The first request goes to 127.0.0.1 under a name that is allowed for this test."""
    resolver = FakeResolver(inside=["127.0.0.1"], localhost=["127.0.0.1", "::1"])
    with server(HELLO) as inside:
        url = f"http://{host}:{inside.port}/secret?token=s3cret"
        reason = await refused(downloads(resolver, allowed=()), url)
        assert "s3cret" not in reason
        assert "127" not in reason
        assert inside.heads == []
        with redirecting(url) as source:
            start = f"{source.base_url}/0"
            # Only the address of the source is allowed, and only on its port.
            made = downloads(resolver, allowed=("127.0.0.1",), allowed_ports=(source.port,))
            with pytest.raises(UrlRefused):
                await fetch(made, start)
        assert inside.heads == []


async def test_a_name_with_permitted_and_other_addresses_leads_to_the_permitted_ones() -> None:
    """127.0.0.2 is where a server inside listens, 127.0.0.1 counts as an address outside."""
    with server(HELLO) as source:
        for both in (["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "::1"], ["10.0.0.1", "127.0.0.1"]):
            made = downloads(FakeResolver(both=both))
            await made.check(f"http://both.example:{source.port}/")
            assert await fetch(made, f"http://both.example:{source.port}/") == b"hello"
        assert len(source.heads) == 3
        assert "host: both.example" in source.heads[0].lower()
    inside = FakeResolver(both=["127.0.0.1", "::1", "10.0.0.1"])
    await refused(downloads(inside, allowed=("127.0.0.2",)), "http://both.example/")


async def test_a_name_that_changes_its_address_after_the_check_leads_nowhere_else() -> None:
    with server(HELLO) as inside:
        resolver = FakeResolver()
        resolver.names["changing"] = [["8.8.8.8"], ["127.0.0.1"]]
        made = downloads(resolver, allowed=())
        url = f"http://changing.example:{inside.port}/"
        await made.check(url)
        with pytest.raises(UrlRefused):
            await fetch(made, url)
    assert inside.heads == []


async def test_a_name_without_an_address_is_refused() -> None:
    reason = await refused(downloads(), "http://nothing.example/")
    assert "resolved" in reason


async def test_a_scheme_host_or_port_that_is_not_allowed_is_refused() -> None:
    for part, options in (
        ("host", {"allowed_hosts": ("a",)}),
        ("port", {"allowed_ports": (1,)}),
        ("scheme", {"allowed_schemes": ("x",)}),
    ):
        reason = await refused(downloads(**options), "http://127.0.0.1/")
        assert reason == f"its {part} is not allowed"


async def test_a_download_that_is_not_enabled_is_refused() -> None:
    with server(HELLO) as source:
        reason = await refused(downloads(is_enabled=False), source.base_url)
        assert "not enabled" in reason
        assert source.heads == []


async def test_the_certificate_of_the_server_is_verified(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HELLO)
        writer.close()

    source = await asyncio.start_server(
        respond, "127.0.0.1", 0, ssl=certificates.server_context(requires_client_certificate=False)
    )
    port = source.sockets[0].getsockname()[1]
    trusting = TlsOptions(str(certificates.authority), None, None, insecure=False)
    async with source:
        assert await fetch(downloads(tls=trusting), f"https://127.0.0.1:{port}/") == b"hello"
        with pytest.raises(ImportFailed, match="TLS"):
            await fetch(downloads(), f"https://127.0.0.1:{port}/")
        named = downloads(FakeResolver(other=["127.0.0.1"]), tls=trusting)
        with pytest.raises(ImportFailed, match="TLS"):
            await fetch(named, f"https://other.example:{port}/")
