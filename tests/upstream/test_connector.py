"""Connector: the addresses that are tried, and the errors of look-ups."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from glimpse.upstream.client import HttpClient
from glimpse.upstream.errors import ConnectError
from tests.support.options import tls_options
from tests.upstream.conftest import ScriptedServer, get


@contextlib.contextmanager
def address_that_does_not_accept() -> Iterator[tuple[str, int]]:
    """Yield the address of a listener whose queue is full: connections to it hang."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


async def test_a_second_address_is_tried_if_the_first_does_not_accept(
    client: HttpClient, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = urlsplit(scripted.url).port
    with address_that_does_not_accept() as first:

        async def look_up(*_: object, **__: object) -> list[tuple[object, ...]]:
            addresses = (first, ("127.0.0.1", port))
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
        assert (await get(client, "http://glance.test/")).body == b"ok"
    assert scripted.connections == 1


async def test_no_thread_to_look_up_the_name_of_a_server_is_a_connect_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", refuse)
    client = HttpClient(tls=tls_options(), connect_timeout=5.0, read_timeout=5.0)
    with pytest.raises(ConnectError, match="can't start new thread"):
        await client.request("GET", "http://glance.test", "/", {}, max_response_bytes=10)
    await client.close()
