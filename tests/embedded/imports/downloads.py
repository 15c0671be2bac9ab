"""Web downloads from servers of tests, with a fake resolver of names."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import pytest

from glimpse.embedded.imports.address_rules import Address, AddressRules, parse_networks
from glimpse.embedded.imports.download_url import UrlRules
from glimpse.embedded.imports.errors import ImportFailed
from glimpse.embedded.imports.http_stream import HttpTimeouts
from glimpse.embedded.imports.web_download import DownloadOptions, UrlRefused, WebDownloads
from glimpse.upstream.tls import TlsOptions
from tests.support.scripted_server import ScriptedServer

CAP = 1_000_000
OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"


class FakeResolver:
    """Gives each name its addresses in turn: those of one look-up after the other."""

    def __init__(self, **names: Sequence[str]) -> None:
        self.names = {name: [list(names[name])] for name in names}

    async def resolve(self, host: str) -> list[Address]:
        looked_up = self.names.get(host.partition(".")[0])
        if not looked_up:
            raise ImportFailed("the name of the host cannot be resolved")
        found = looked_up.pop(0) if len(looked_up) > 1 else looked_up[0]
        return [ip_address(each) for each in found]


def downloads(
    resolver: FakeResolver | None = None,
    *,
    allowed: Sequence[str] = ("127.0.0.1",),
    idle: float = 5.0,
    total: float = 10.0,
    tls: TlsOptions | None = None,
    is_enabled: bool = True,
    **more: Any,
) -> WebDownloads:
    options: dict[str, Any] = {
        "allowed_schemes": ("http", "https"),
        "disallowed_schemes": (),
        "allowed_hosts": (),
        "disallowed_hosts": (),
        "allowed_ports": (),
        "disallowed_ports": (),
    }
    return WebDownloads(
        DownloadOptions(
            UrlRules(**options | more),
            AddressRules(parse_networks(allowed)),
            HttpTimeouts(connect=5.0, idle=idle),
            total,
            lambda: (tls or TlsOptions(None, None, None, insecure=False)).context,
            is_enabled=is_enabled,
        ),
        resolver or FakeResolver(),
    )


async def fetch(made: WebDownloads, url: str, cap: int = CAP) -> bytes:
    """Download all data of a URL."""
    return b"".join([piece async for piece in made.download(url, cap)])


async def refused(made: WebDownloads, url: str) -> str:
    """Fail unless the URL is refused by a check and by a download; return the reason."""
    with pytest.raises(UrlRefused):
        await made.check(url)
    with pytest.raises(UrlRefused) as raised:
        await fetch(made, url)
    return str(raised.value)


def server(*pieces: bytes) -> ScriptedServer:
    """Return a server that sends the same pieces to each request."""
    return ScriptedServer(lambda _: pieces)


def redirecting(*targets: str) -> ScriptedServer:
    """Return a server whose path /N redirects to the target N; other paths respond with data."""

    def respond(head: str) -> Iterable[bytes]:
        path = head.split()[1].strip("/")
        if not path.isdigit():
            return (HELLO,)
        target = targets[int(path)]
        return (f"HTTP/1.1 302 -\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode(),)

    return ScriptedServer(respond)
