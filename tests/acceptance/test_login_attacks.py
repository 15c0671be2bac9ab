"""Logins while others attack: over sockets, against a process, as a client meets them."""

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
from tests.support.http import Answer, read_answer, request
from tests.support.process import GlimpseProcess

ATTACKERS = 300
ADDRESSES = 100
ATTACKER = "127.0.0.{}"  # from 2 on; the right logins come from 127.0.0.1
MOST_SECONDS = 2.0  # a right login from another address, as the issue has it
MOST_MEDIAN = 0.05  # seconds of a list
TOKENS = "/identity/v3/auth/tokens"
Address = tuple[str, int]


@pytest.fixture
def cloud(state_dir: Path) -> Iterator[EmbeddedCloud]:
    with GlimpseProcess(state_dir) as process:
        yield EmbeddedCloud(process)


def login_body(name: str, password: str) -> bytes:
    domain = {"id": "default"}
    user = {"name": name, "password": password, "domain": domain}
    identity = {"methods": ["password"], "password": {"user": user}}
    return json.dumps({"auth": {"identity": identity}}).encode()


def login_request(name: str, password: str) -> bytes:
    body = login_body(name, password)
    return b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (
        TOKENS.encode(),
        len(body),
        body,
    )


def right_password(cloud: EmbeddedCloud, name: str) -> str:
    document = json.loads((cloud.process.state_dir / "identity.json").read_text())
    return next(str(user["password"]) for user in document["users"] if user["name"] == name)


def timed_login(cloud: EmbeddedCloud, name: str, address: str = "127.0.0.1") -> float:
    """Seconds that the right login takes from an address; fails unless it succeeds."""
    content = login_request(name, right_password(cloud, name))
    began = time.monotonic()
    answer = send_from(address, cloud.address, content)
    assert answer.status == 201, str(answer)
    return time.monotonic() - began


def send_from(source: str, address: Address, content: bytes) -> Answer:
    with socket.create_connection(address, 20, (source, 0)) as connection:
        connection.sendall(content)
        return read_answer(connection, "POST")


def timed_list(cloud: EmbeddedCloud, token: str | None) -> float:
    began = time.monotonic()
    answer = request(cloud.address, "GET", "/v2.1/images", {"X-Auth-Token": token or ""})
    assert answer.status == 200, str(answer)
    return time.monotonic() - began


async def attack(address: Address, source: str, name: str, number: int) -> None:
    """Send wrong logins, one after the other on one connection, until cancelled."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0))
        try:
            for attempt in range(100_000):
                writer.write(login_request(name, f"guess {number} {attempt}"))
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
    """300 attackers of a name, while the block runs."""
    tasks = [
        asyncio.ensure_future(attack(cloud.address, sources[number % len(sources)], name, number))
        for number in range(ATTACKERS)
    ]
    try:
        await asyncio.sleep(1)
        yield
        assert not any(task.done() for task in tasks), "the attack ended early"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_right_login_and_lists_are_quick_under_attack(cloud: EmbeddedCloud) -> None:
    """300 attackers from 100 addresses try passwords of one name.

    The right login of that name comes from another address; so does one of another name from an
    address of the attackers'. Lists are measured by their median, one after the other.
    """
    token = cloud.token("owner")
    sources = [ATTACKER.format(number) for number in range(2, 2 + ADDRESSES)]
    async with attackers(cloud, "owner", sources):
        logins, others, lists = [], [], []
        for _ in range(5):
            logins.append(await asyncio.to_thread(timed_login, cloud, "owner"))
            others.append(await asyncio.to_thread(timed_login, cloud, "member", sources[0]))
            lists += [await asyncio.to_thread(timed_list, cloud, token) for _ in range(20)]
    print(f"right logins {logins}, other names {others}, list {statistics.median(lists):.4f} s")  # noqa: T201
    assert max(logins) <= MOST_SECONDS, logins
    assert statistics.median(others) <= MOST_SECONDS, others
    assert statistics.median(lists) <= MOST_MEDIAN, sorted(lists)


def test_logins_hung_up_at_once_delay_no_right_login(cloud: EmbeddedCloud) -> None:
    cloud.token("owner")
    for number in range(500):
        with socket.create_connection(cloud.address, 20) as connection:
            connection.sendall(login_request("owner", f"guess {number}"))
    assert timed_login(cloud, "owner", "127.0.0.2") <= MOST_SECONDS
    assert timed_login(cloud, "owner") <= MOST_SECONDS


@pytest.mark.parametrize("name", ["owner", "nobody"])
def test_too_many_logins_at_once_are_refused_alike_for_known_and_unknown_names(
    cloud: EmbeddedCloud, name: str
) -> None:
    cloud.token("owner")

    async def guess(number: int) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection(*cloud.address)
        writer.write(login_request(name, f"guess {number}"))
        head = await reader.readuntil(b"\r\n\r\n")
        await close(writer)
        return int(head.split()[1]), head

    async def guess_at_once() -> list[tuple[int, bytes]]:
        return await asyncio.gather(*map(guess, range(40)))

    found = asyncio.run(guess_at_once())
    assert {status for status, _ in found} == {401, 429}
    refusals = [head.lower() for status, head in found if status == 429]
    assert len(refusals) >= 30
    assert all(b"retry-after: 1\r\n" in head for head in refusals)


def test_a_refusal_is_an_error_document_of_the_identity_api(cloud: EmbeddedCloud) -> None:
    answers: list[Answer] = []
    connections = [socket.create_connection(cloud.address, 20) for _ in range(12)]
    for number, connection in enumerate(connections):
        connection.sendall(login_request("owner", f"guess {number}"))
    for connection in connections:
        with connection:
            answers.append(read_answer(connection, "POST"))
    refused = next(answer for answer in answers if answer.status == 429)
    error = refused.json()["error"]
    assert (error["code"], error["title"]) == (429, "Too Many Requests")
    assert error["message"]
    assert refused.header("Retry-After") == "1"


def test_failed_logins_with_long_names_take_no_memory(cloud: EmbeddedCloud) -> None:
    """Resident memory grows by less than 30 MB over 1,500 names of 110 kB, after 100 to warm up."""
    cloud.token("owner")

    def fail(count: int, start: int) -> None:
        with socket.create_connection(cloud.address, 20) as connection:
            for number in range(start, start + count):
                connection.sendall(login_request(f"{number}" + "x" * 110_000, "wrong"))
                assert b" 401 " in connection.recv(65536).partition(b"\r\n")[0]

    fail(100, 0)
    before = resident_kb(cloud)
    fail(1500, 100)
    assert resident_kb(cloud) - before < 30_000


def resident_kb(cloud: EmbeddedCloud) -> int:
    status = Path(f"/proc/{cloud.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
