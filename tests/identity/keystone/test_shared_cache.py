"""Processes that share what Keystone said, through a real memcached and through a bad one."""

import asyncio
import hashlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest

from glimpse.identity import IdentityUnavailable
from glimpse.identity.keystone import KeystoneIdentity, ServiceSession
from glimpse.identity.keystone.entry_protection import EntryProtection, Strategy
from glimpse.identity.keystone.shared_cache import InvalidMemcachedServer, SharedCache, SharedEntry
from tests.identity.scripted import Keystone, options_for, serving
from tests.support.faultproxy import Fault, FaultProxy
from tests.support.process import ServerProcess
from tests.support.services import memcached

Place = Callable[..., KeystoneIdentity]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with memcached(tmp_path_factory.mktemp("memcached")) as server:
        yield server


@pytest.fixture
async def keystone() -> AsyncIterator[Keystone]:
    async with serving() as keystone:
        yield keystone


@pytest.fixture
async def place(keystone: Keystone) -> AsyncIterator[Place]:
    """Makes the identity of one more process, on those memcached servers."""
    made: list[KeystoneIdentity] = []

    def make(
        *ports: int,
        secret: str = "the secret",
        strategy: Strategy = "ENCRYPT",
        clock: Callable[[], float] = time.time,
        timeout: float = 10,
    ) -> KeystoneIdentity:
        options = options_for(keystone)
        servers = [f"127.0.0.1:{port}" for port in ports]
        shared = SharedCache(
            servers, EntryProtection(strategy, secret), timeout=timeout, retry_interval=60
        )
        made.append(KeystoneIdentity(options, ServiceSession(options), clock, shared))
        return made[-1]

    yield make
    for identity in made:
        await identity.close()


def flush(server: ServerProcess) -> None:
    ask(server, "flush_all", "OK\r\n")


def ask(server: ServerProcess, command: str, *ends: str) -> str:
    """What memcached answers to a command of its text protocol, up to one of the `ends`."""
    said = b""
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(f"{command}\r\n".encode())
        while not said.endswith(tuple(end.encode() for end in ends)):
            said += connection.recv(65536)
    return said.decode("latin-1")


def everything(server: ServerProcess) -> str:
    """All keys and values of a memcached."""
    listed = "BUSY"
    while listed.startswith("BUSY"):  # with housekeeping of its own
        listed = ask(server, "lru_crawler metadump all", "END\r\n", "request\r\n")
    # What memcached moves between its lists meanwhile is listed twice.
    keys = {word[4:] for word in listed.split() if word.startswith("key=")}
    return listed + "".join(ask(server, f"get {key}", "END\r\n") for key in keys)


@pytest.mark.parametrize("strategy", ["MAC", "ENCRYPT"])
async def test_a_token_is_validated_once_for_all_processes(
    keystone: Keystone, place: Place, server: ServerProcess, strategy: Strategy
) -> None:
    flush(server)
    assert (await place(server.port, strategy=strategy).authenticate("good")).user_id == "u"
    other = place(server.port, strategy=strategy)
    caller = await other.authenticate("good")
    assert (caller.user_id, caller.project_id, caller.token) == ("u", "p", "good")
    assert keystone.validations == ["good"]


async def test_a_token_known_elsewhere_works_while_keystone_is_down(
    keystone: Keystone, place: Place, server: ServerProcess
) -> None:
    flush(server)
    await place(server.port).authenticate("good")
    keystone.status = 500
    assert (await place(server.port).authenticate("good")).user_id == "u"
    with pytest.raises(IdentityUnavailable):
        await place(server.port).authenticate("root")


async def test_sharing_makes_nothing_believed_for_longer(
    keystone: Keystone, place: Place, server: ServerProcess
) -> None:
    flush(server)
    now = time.time()
    keystone.tokens["long"] = ("member", 3600)
    await place(server.port, clock=lambda: now).authenticate("long")
    later = now + 299
    other = place(server.port, clock=lambda: later)
    await other.authenticate("long")
    assert keystone.validations == ["long"]
    later = now + 301
    await other.authenticate("long")
    assert keystone.validations == ["long", "long"]


@pytest.mark.parametrize("strategy", ["MAC", "ENCRYPT"])
async def test_the_cache_tells_neither_token_nor_hash(
    place: Place, server: ServerProcess, strategy: Strategy
) -> None:
    flush(server)
    await place(server.port, strategy=strategy).authenticate("service")
    await place(server.port, strategy=strategy).authenticate("good")
    kept = everything(server)
    assert "glimpse-1-" in kept, kept
    hashes = [hashlib.new(kind, b"good").hexdigest() for kind in ("md5", "sha1", "sha256")]
    assert not [secret for secret in ["good", "own-1", *hashes] if secret in kept]
    assert ("demo" in kept) is (strategy == "MAC"), "MAC signs what can be read"


async def test_an_entry_that_was_touched_is_no_entry(
    keystone: Keystone, place: Place, server: ServerProcess
) -> None:
    flush(server)
    await place(server.port).authenticate("good")
    forged = b'1.0\n{"token": {"user": {"id": "root"}, "roles": [{"name": "admin"}]}}'
    key = f"glimpse-1-{EntryProtection('ENCRYPT', 'the secret').derive_keys('good').name}"
    assert key in ask(server, f"get {key}", "END\r\n")
    ask(server, f"set {key} 0 0 {len(forged)}\r\n{forged.decode()}", "STORED\r\n")
    assert (await place(server.port).authenticate("good")).user_id == "u"
    assert keystone.validations == ["good", "good"]


async def test_processes_with_different_secrets_share_nothing(
    keystone: Keystone, place: Place, server: ServerProcess
) -> None:
    flush(server)
    await place(server.port).authenticate("good")
    await place(server.port, secret="another").authenticate("good")
    assert keystone.validations == ["good", "good"]


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("hang"),
        Fault("reset"),
        Fault("close", 3),
        Fault("trickle", pause=0.1),
        Fault("answer", answer=lambda _: b"HTTP/1.1 200 OK\r\n\r\n"),
        Fault("answer", answer=lambda _: b"SERVER_ERROR out of memory\r\n"),
    ],
    ids=["refuses", "hangs", "resets", "closes", "trickles", "speaks HTTP", "fails"],
)
async def test_whatever_memcached_does_requests_are_answered(
    place: Place,
    server: ServerProcess,
    fault: Fault | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    with FaultProxy(server.address) as proxy:
        identity = place(proxy.port, timeout=0.3)
        if fault is None:
            proxy.refuse()
        else:
            proxy.fail(fault)
        callers = await asyncio.gather(*map(identity.authenticate, ("good", "root", "service")))
        assert {caller.user_id for caller in callers} == {"u"}
    assert f"memcached at 127.0.0.1:{proxy.port} does not answer" in caplog.text


async def test_a_server_that_failed_is_left_alone(place: Place, server: ServerProcess) -> None:
    with FaultProxy(server.address) as bad:
        bad.fail(Fault("reset"))
        identity = place(bad.port)
        await identity.authenticate("good")
        asked = bad.requests
        await identity.authenticate("root")
        assert bad.requests == asked


async def test_entries_are_spread_and_found_again_by_others(server: ServerProcess) -> None:
    """Two servers (two ways to one memcached): each has some; while one rests the other serves."""
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
        asked = proxies[1].requests
        for number in range(20):
            await other.get(f"token-{number}")
        assert proxies[1].requests > asked
        assert await other.check_servers() == {servers[0]: False, servers[1]: True}


@pytest.mark.parametrize("server", ["host:port", "[::1]:x"])
def test_a_server_that_cannot_be_meant_is_refused(server: str) -> None:
    with pytest.raises(InvalidMemcachedServer, match="host:port"):
        SharedCache([server], EntryProtection("MAC", "s"), timeout=1, retry_interval=1)
