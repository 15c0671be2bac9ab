"""Processes share validated tokens in a real memcached, also while it fails."""

import asyncio
import hashlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest

from glimpse.identity import IdentityUnavailable
from glimpse.identity.keystone import KeystoneIdentity
from glimpse.identity.keystone.shared_cache import SharedCache, SharedEntry, UnusableMemcached
from glimpse.identity.keystone.shared_cache_protection import EntryProtection, Strategy
from tests.identity.scripted_keystone import (
    Keystone,
    identity_at,
    serve_keystone,
)
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.process import ServerProcess
from tests.support.services import memcached

MakeIdentity = Callable[..., KeystoneIdentity]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with memcached(tmp_path_factory.mktemp("memcached")) as server:
        yield server


@pytest.fixture
async def keystone() -> AsyncIterator[Keystone]:
    async with serve_keystone() as keystone:
        yield keystone


@pytest.fixture
async def make_identity(keystone: Keystone) -> AsyncIterator[MakeIdentity]:
    """A function that opens the identity of another process, with these memcached servers."""
    made: list[KeystoneIdentity] = []

    def make(
        *ports: int,
        secret: str = "the secret",
        strategy: Strategy = "ENCRYPT",
        clock: Callable[[], float] = time.time,
        timeout: float = 10,
    ) -> KeystoneIdentity:
        servers = [f"127.0.0.1:{port}" for port in ports]
        shared = SharedCache(
            servers, EntryProtection(strategy, secret), timeout=timeout, retry_interval=60
        )
        made.append(identity_at(keystone.url, clock=clock, shared=shared))
        return made[-1]

    yield make
    for identity in made:
        await identity.close()


def flush_memcached(server: ServerProcess) -> None:
    send_command(server, "flush_all", "OK\r\n")


def send_command(server: ServerProcess, command: str, *ends: str) -> str:
    """Send a command of memcached's text protocol; return the response up to one of `ends`."""
    received = b""
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(f"{command}\r\n".encode())
        while not received.endswith(tuple(end.encode() for end in ends)):
            received += connection.recv(65536)
    return received.decode("latin-1")


def dump(server: ServerProcess) -> str:
    """Return all keys and values of a memcached."""
    listed = "BUSY"
    while listed.startswith("BUSY"):  # while memcached's LRU crawler runs
        listed = send_command(server, "lru_crawler metadump all", "END\r\n", "request\r\n")
    # A key that memcached moves between its lists during the dump is listed twice.
    keys = {word[4:] for word in listed.split() if word.startswith("key=")}
    return listed + "".join(send_command(server, f"get {key}", "END\r\n") for key in keys)


@pytest.mark.parametrize("strategy", ["MAC", "ENCRYPT"])
async def test_token_is_validated_once_for_all_processes(
    keystone: Keystone, make_identity: MakeIdentity, server: ServerProcess, strategy: Strategy
) -> None:
    flush_memcached(server)
    assert (await make_identity(server.port, strategy=strategy).authenticate("good")).user_id == "u"
    other = make_identity(server.port, strategy=strategy)
    caller = await other.authenticate("good")
    assert (caller.user_id, caller.project_id, caller.token) == ("u", "p", "good")
    assert keystone.validations == ["good"]


async def test_token_cached_by_another_process_is_valid_while_keystone_is_down(
    keystone: Keystone, make_identity: MakeIdentity, server: ServerProcess
) -> None:
    flush_memcached(server)
    await make_identity(server.port).authenticate("good")
    keystone.status = 500
    assert (await make_identity(server.port).authenticate("good")).user_id == "u"
    with pytest.raises(IdentityUnavailable):
        await make_identity(server.port).authenticate("root")


async def test_sharing_does_not_extend_the_lifetime_in_the_cache(
    keystone: Keystone, make_identity: MakeIdentity, server: ServerProcess
) -> None:
    flush_memcached(server)
    now = time.time()
    keystone.tokens["long"] = ("member", 3600)
    await make_identity(server.port, clock=lambda: now).authenticate("long")
    later = now + 299
    other = make_identity(server.port, clock=lambda: later)
    await other.authenticate("long")
    assert keystone.validations == ["long"]
    later = now + 301
    await other.authenticate("long")
    assert keystone.validations == ["long", "long"]


@pytest.mark.parametrize("strategy", ["MAC", "ENCRYPT"])
async def test_memcached_holds_neither_a_token_nor_its_hash(
    make_identity: MakeIdentity, server: ServerProcess, strategy: Strategy
) -> None:
    flush_memcached(server)
    await make_identity(server.port, strategy=strategy).authenticate("service")
    await make_identity(server.port, strategy=strategy).authenticate("good")
    kept = dump(server)
    assert "glimpse-1-" in kept, kept
    hashes = [hashlib.new(kind, b"good").hexdigest() for kind in ("md5", "sha1", "sha256")]
    assert not [secret for secret in ["good", "own-1", *hashes] if secret in kept]
    assert ("demo" in kept) is (strategy == "MAC"), "MAC signs what can be read"


async def test_forged_entry_is_ignored(
    keystone: Keystone, make_identity: MakeIdentity, server: ServerProcess
) -> None:
    flush_memcached(server)
    await make_identity(server.port).authenticate("good")
    forged = b'1.0\n{"token": {"user": {"id": "root"}, "roles": [{"name": "admin"}]}}'
    key = f"glimpse-1-{EntryProtection('ENCRYPT', 'the secret').derive_keys('good').name}"
    assert key in send_command(server, f"get {key}", "END\r\n")
    send_command(server, f"set {key} 0 0 {len(forged)}\r\n{forged.decode()}", "STORED\r\n")
    assert (await make_identity(server.port).authenticate("good")).user_id == "u"
    assert keystone.validations == ["good", "good"]


async def test_processes_with_different_secrets_share_nothing(
    keystone: Keystone, make_identity: MakeIdentity, server: ServerProcess
) -> None:
    flush_memcached(server)
    await make_identity(server.port).authenticate("good")
    await make_identity(server.port, secret="another").authenticate("good")
    assert keystone.validations == ["good", "good"]


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("hang"),
        Fault("reset"),
        Fault("close", 3),
        Fault("trickle", pause=0.1),
        Fault("respond", respond=lambda _: b"HTTP/1.1 200 OK\r\n\r\n"),
        Fault("respond", respond=lambda _: b"SERVER_ERROR out of memory\r\n"),
    ],
    ids=["refuses", "hangs", "resets", "closes", "trickles", "speaks HTTP", "fails"],
)
async def test_requests_succeed_while_memcached_fails(
    make_identity: MakeIdentity,
    server: ServerProcess,
    fault: Fault | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    with FaultProxy(server.address) as proxy:
        identity = make_identity(proxy.port, timeout=0.3)
        if fault is None:
            proxy.refuse()
        else:
            proxy.fail(fault)
        callers = await asyncio.gather(*map(identity.authenticate, ("good", "root", "service")))
        assert {caller.user_id for caller in callers} == {"u"}
    assert f"memcached at 127.0.0.1:{proxy.port} does not respond" in caplog.text


async def test_failed_server_is_not_used(
    make_identity: MakeIdentity, server: ServerProcess
) -> None:
    with FaultProxy(server.address) as bad:
        bad.fail(Fault("reset"))
        identity = make_identity(bad.port)
        await identity.authenticate("good")
        requests_before = bad.requests
        await identity.authenticate("root")
        assert bad.requests == requests_before


async def test_entries_are_spread_over_servers_and_found_by_other_processes(
    server: ServerProcess,
) -> None:
    """Two proxies of one memcached take the place of two servers."""
    with ExitStack() as stack:
        proxies = [stack.enter_context(FaultProxy(server.address)) for _ in range(2)]
        servers = [f"127.0.0.1:{proxy.port}" for proxy in proxies]

        def cache() -> SharedCache:
            made = SharedCache(servers, EntryProtection("MAC", "s"), timeout=5, retry_interval=60)
            stack.callback(made.close)
            return made

        one, other = cache(), cache()
        for number in range(20):
            await one.put(f"token-{number}", SharedEntry(b"body", 1.5), 60)
        assert all(proxy.requests for proxy in proxies)
        found = [await other.get(f"token-{number}") for number in range(20)]
        assert found == [SharedEntry(b"body", 1.5)] * 20
        proxies[0].refuse()
        requests_before = proxies[1].requests
        for number in range(20):
            await other.get(f"token-{number}")
        assert proxies[1].requests > requests_before
        assert await other.check_servers() == {servers[0]: False, servers[1]: True}


async def test_entry_is_kept_also_if_it_may_be_older_than_memcached_allows(
    server: ServerProcess,
) -> None:
    cache = SharedCache(
        [f"127.0.0.1:{server.port}"], EntryProtection("MAC", "s"), timeout=5, retry_interval=60
    )
    try:
        await cache.put("token", SharedEntry(b"body", 1.5), 31 * 24 * 60 * 60)
        assert await cache.get("token") == SharedEntry(b"body", 1.5)
    finally:
        cache.close()


@pytest.mark.parametrize("server", ["host:port", "[::1]:x"])
def test_invalid_server_name_is_refused(server: str) -> None:
    with pytest.raises(UnusableMemcached, match="host:port"):
        SharedCache([server], EntryProtection("MAC", "s"), timeout=1, retry_interval=1)
