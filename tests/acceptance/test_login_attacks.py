"""Correct logins to a running process are quick during attacks on passwords."""

import asyncio
import contextlib
import json
import socket
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.cloud import EmbeddedCloud
from tests.support.http import Response, read_response, request
from tests.support.process import GlimpseProcess
from tests.support.resident_memory import resident_bytes

ATTACKERS = 300
ADDRESSES = 100
ATTACKER = "127.0.0.{}"  # numbers from 2; correct logins come from 127.0.0.1
MAX_SECONDS = 2.0  # the limit for a correct login from another address
MAX_MEDIAN = 0.05  # the limit in seconds for a list
TOKENS = "/identity/v3/auth/tokens"
Address = tuple[str, int]


@pytest.fixture
def cloud(state_dir: Path) -> Iterator[EmbeddedCloud]:
    with GlimpseProcess(state_dir) as process:
        yield EmbeddedCloud(process)


def login_body(name: str, password: str) -> bytes:
    user = {"name": name, "password": password, "domain": {"id": "default"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return json.dumps({"auth": {"identity": identity}}).encode()


def credential_body(credential_id: str, secret: str) -> bytes:
    credential = {"id": credential_id, "secret": secret}
    identity = {"methods": ["application_credential"], "application_credential": credential}
    return json.dumps({"auth": {"identity": identity}}).encode()


def login_request(name: str, password: str, headers: str = "") -> bytes:
    return post(login_body(name, password), headers)


def post(body: bytes, headers: str = "") -> bytes:
    head = f"POST {TOKENS} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def correct_password(cloud: EmbeddedCloud, name: str) -> str:
    document = json.loads((cloud.process.state_dir / "identity.json").read_text())
    return next(str(user["password"]) for user in document["users"] if user["name"] == name)


def timed_login(cloud: EmbeddedCloud, name: str, address: str = "127.0.0.1") -> float:
    """Log in with the correct password from an address; return the duration in seconds."""
    content = login_request(name, correct_password(cloud, name))
    began = time.monotonic()
    response = send_from(address, cloud.address, content)
    assert response.status == 201, str(response)
    return time.monotonic() - began


def send_from(source: str, address: Address, content: bytes) -> Response:
    with socket.create_connection(address, 20, (source, 0)) as connection:
        connection.sendall(content)
        return read_response(connection, "POST")


def timed_list(cloud: EmbeddedCloud, token: str | None) -> float:
    began = time.monotonic()
    response = request(cloud.address, "GET", "/v2.1/images", {"X-Auth-Token": token or ""})
    assert response.status == 200, str(response)
    return time.monotonic() - began


async def attack(
    address: Address, source: str, name: str, number: int, attacking: asyncio.Semaphore
) -> None:
    """Send wrong logins, one after the other on one connection, until cancelled.

    `attacking` is released once the first is sent.
    """
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0))
        try:
            for attempt in range(100_000):
                writer.write(login_request(name, f"guess {number} {attempt}"))
                if attempt == 0:
                    attacking.release()
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
        finally:
            await close(writer)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def attackers(cloud: EmbeddedCloud, name: str, sources: list[str]) -> AsyncIterator[None]:
    """Run 300 attackers of a user until the block ends."""
    attacking = asyncio.Semaphore(0)
    tasks = [
        asyncio.ensure_future(
            attack(cloud.address, sources[number % len(sources)], name, number, attacking)
        )
        for number in range(ATTACKERS)
    ]
    try:
        async with asyncio.timeout(60):
            for _ in range(ATTACKERS):
                await attacking.acquire()
        yield
        assert not any(task.done() for task in tasks), "the attack ended early"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Bounds:
    """Time limits, adjusted to how long the same takes on this machine without an attack.

    That is measured before and after an attack, because the machine's other work comes and goes.
    """

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self.login, self.lists = MAX_SECONDS, MAX_MEDIAN
        self.measure(cloud)

    def measure(self, cloud: EmbeddedCloud) -> None:
        token = cloud.token("owner")
        logins = [timed_login(cloud, "owner") for _ in range(3)]
        lists = [timed_list(cloud, token) for _ in range(20)]
        self.login = max(self.login, 10 * statistics.median(logins))
        self.lists = max(self.lists, 10 * statistics.median(lists))


async def test_correct_logins_and_lists_are_quick_under_attack(cloud: EmbeddedCloud) -> None:
    """300 attackers from 100 addresses try passwords of one user.

    The correct login of that user comes from another address; so does one of another user from an
    address of the attackers. Each is measured several times; the median counts.
    """
    bounds, token = Bounds(cloud), cloud.token("owner")
    sources = [ATTACKER.format(number) for number in range(2, 2 + ADDRESSES)]
    async with attackers(cloud, "owner", sources):
        logins, others, lists = [], [], []
        for _ in range(3):
            logins.append(await asyncio.to_thread(timed_login, cloud, "owner"))
            others.append(await asyncio.to_thread(timed_login, cloud, "member", sources[0]))
            lists += [await asyncio.to_thread(timed_list, cloud, token) for _ in range(20)]
    await asyncio.to_thread(bounds.measure, cloud)
    assert statistics.median(logins) <= bounds.login, logins
    assert statistics.median(others) <= bounds.login, others
    assert statistics.median(lists) <= bounds.lists, sorted(lists)


def test_logins_of_clients_that_disconnect_delay_no_correct_login(cloud: EmbeddedCloud) -> None:
    bounds = Bounds(cloud)
    for number in range(500):
        with socket.create_connection(cloud.address, 20) as connection:
            connection.sendall(login_request("owner", f"guess {number}"))
    assert timed_login(cloud, "owner", "127.0.0.2") <= bounds.login
    assert timed_login(cloud, "owner") <= bounds.login


async def guess(address: Address, content: bytes) -> Response:
    """Send one login and read the response without blocking others."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(content)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        pairs = [tuple(line.split(": ", 1)) for line in lines[1:-2]]
        length = next(int(value) for name, value in pairs if name == "content-length")
        body = await reader.readexactly(length)
        return Response(int(lines[0].split()[1]), tuple(pairs), body)  # type: ignore[arg-type]  # pairs of two
    finally:
        await close(writer)


async def guess_at_once(address: Address, contents: list[bytes]) -> list[Response]:
    return await asyncio.gather(*(guess(address, content) for content in contents))


@pytest.mark.parametrize("name", ["owner", "nobody", None])
async def test_too_many_logins_have_the_same_response_for_known_and_unknown_names(
    cloud: EmbeddedCloud, name: str | None
) -> None:
    """Without a name, the logins are those of an application credential that does not exist."""
    guesses = [
        login_request(name, f"guess {number}")
        if name
        else post(credential_body("nothing", f"guess {number}"))
        for number in range(16)
    ]
    tasks = [asyncio.ensure_future(guess(cloud.address, each)) for each in guesses]
    for task in asyncio.as_completed(tasks):
        refused = await task
        if refused.status == 429:
            break
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert refused.status == 429, str(refused)
    error = refused.json()["error"]
    assert (error["code"], error["title"]) == (429, "Too Many Requests")
    assert error["message"]
    assert refused.header("Retry-After") == "1"


async def test_the_client_address_is_the_forwarded_one_if_proxies_are_trusted(
    state_dir: Path,
) -> None:
    """Logins of one user from 12 addresses behind one proxy are all checked."""
    settings = state_dir.parent / "proxy.conf"
    settings.write_text("[oslo_middleware]\nenable_proxy_headers_parsing = true\n")
    with GlimpseProcess(state_dir, arguments=["--config-file", str(settings)]) as process:
        guesses = [
            login_request("owner", f"guess {number}", f"X-Forwarded-For: 192.0.2.{number}\r\n")
            for number in range(12)
        ]
        responses = await guess_at_once(process.address, guesses)
    assert {response.status for response in responses} == {401}


def test_failed_logins_with_long_names_take_no_memory(cloud: EmbeddedCloud) -> None:
    """After 100 logins, 700 more with names of 110 kB take less than 30 MB."""
    cloud.token("owner")

    def fail(count: int, start: int) -> None:
        with socket.create_connection(cloud.address, 20) as connection:
            for number in range(start, start + count):
                connection.sendall(login_request(f"{number}" + "x" * 110_000, "wrong"))
                assert b" 401 " in connection.recv(65536).partition(b"\r\n")[0]

    fail(100, 0)
    before = resident_bytes(cloud.process.pid)
    fail(700, 100)
    assert resident_bytes(cloud.process.pid) - before < 30_000 * 1024
