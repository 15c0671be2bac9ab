"""Names are looked up in threads, without a search domain."""

import threading
from ipaddress import ip_address

import pytest

from glimpse.embedded.imports.errors import ImportFailed
from glimpse.embedded.imports.resolver import SystemResolver


async def test_the_system_resolves_names_without_a_search_domain() -> None:
    resolver = SystemResolver(5.0)
    assert ip_address("127.0.0.1") in await resolver.resolve("localhost")
    for name in ("nothing.invalid", "a" * 64, ""):
        with pytest.raises(ImportFailed):
            await resolver.resolve(name)
    resolver.close()


async def test_a_look_up_that_hangs_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: stop.wait(10))
    resolver = SystemResolver(0.05)
    try:
        with pytest.raises(ImportFailed, match="resolved"):
            await resolver.resolve("slow.example")
    finally:
        stop.set()
        resolver.close()
