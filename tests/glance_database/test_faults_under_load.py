"""A gateway under load whose database restarts, pauses, or is killed and started again."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pymysql
import pytest

from tests.glance_database.conftest import DatabaseServer
from tests.glance_database.glance_tables import GlanceTables
from tests.glance_database.loaded_gateway import POOL_SIZE, TIMEOUT, LoadedGateway, Reads
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.gateway import SERVICE
from tests.support.process import GlimpseProcess, wait_until
from tests.support.steady_load import Reply

OWNER = Member("owner", "1" * 32)
IMAGES = [f"abcdef00-0000-4000-8000-{number:012x}" for number in range(30)]
TARGETS = (
    "/v2.1/images",
    f"/v2.1/images/{IMAGES[0]}",
    "/v2.1/images/detail?limit=10",
    f"/v2.1/images/{IMAGES[1]}/metadata",
    f"/v2.1/images/{IMAGES[2]}/metadata/key",
)
WORKERS = (1, 2)
SLOWEST = TIMEOUT + 3.0  # seconds; what a busy machine adds to a request takes less
OUTAGE = 100  # replies of each gateway, of which most come after it has given the database up


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """The Keystone and the Glance of the gateways, with IMAGES."""
    state_dir = tmp_path_factory.mktemp("behind") / "state"
    seed_identity(state_dir, [OWNER, SERVICE])
    with GlimpseProcess(state_dir) as process:
        cloud = EmbeddedCloud(process)
        cloud.put_images(_document(number) for number in range(len(IMAGES)))
        yield cloud


def _document(number: int) -> dict[str, Any]:
    date = f"2024-02-01T10:20:{number:02}Z"
    return {
        "id": IMAGES[number],
        "name": f"image {number}",
        "status": "active",
        "visibility": "shared",
        "owner": OWNER.project_id,
        "size": 7,
        "created_at": date,
        "updated_at": date,
        "key": f"value {number}",
    }


@pytest.fixture
async def database(tables: GlanceTables) -> tuple[str, int]:
    """The URL and the port of a database with IMAGES."""
    for number in range(len(IMAGES)):
        document = _document(number)
        for name in ("created_at", "updated_at"):
            document[name] = datetime.fromisoformat(document[name].removesuffix("Z"))
        properties = {"key": str(document.pop("key"))}
        await tables.put_image(properties=properties, **document)
    return tables.url, tables.port


def restart(server: DatabaseServer, _wait: Callable[[], None]) -> None:
    """Stop the server as its packages do, and start it again."""
    if server.dialect == "postgresql":  # at SIGTERM it would wait for all clients to disconnect
        os.kill(server.process.pid, signal.SIGINT)
    server.process.stop()
    server.process.start()


def pause(server: DatabaseServer, wait: Callable[[], None]) -> None:
    """Stop all processes of the server, which accept connections all the same, and continue."""
    os.kill(server.process.pid, signal.SIGSTOP)  # first, so that it starts no other
    children = server.process.children()
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    try:
        wait()
    finally:
        for pid in (server.process.pid, *children):
            os.kill(pid, signal.SIGCONT)


def kill(server: DatabaseServer, wait: Callable[[], None]) -> None:
    """Kill the server as a crash does, and start it again."""
    server.process.kill()
    try:
        wait()
    finally:
        server.process.start()


FAULTS = (restart, pause, kill)
Fault = Callable[[DatabaseServer, Callable[[], None]], None]


@contextmanager
def loaded_gateways(
    directory: Path, backend: EmbeddedCloud, database: tuple[str, int], fallback: str
) -> Iterator[list[LoadedGateway]]:
    """Run a gateway of one worker and one of two, each with 16 clients of its own."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                LoadedGateway.start(
                    directory / str(workers), backend, database, fallback, workers, TARGETS
                )
            )
            for workers in WORKERS
        ]


def replies_through(
    fault: Fault, server: DatabaseServer, gateways: list[LoadedGateway]
) -> list[tuple[Reply, bytes]]:
    """Return each reply from the fault on, and the body that it has without one.

    Returns when all gateways read from the database again, and from nothing else.
    """

    def wait() -> None:
        for gateway in gateways:
            gateway.load.wait_for_replies(OUTAGE)
            assert max(gateway.connections()) <= POOL_SIZE

    for gateway in gateways:
        gateway.wait_until_read(from_the_database)
        gateway.load.replies.clear()
    fault(server, wait)
    for gateway in gateways:
        gateway.wait_until_read(from_the_database)
        assert max(gateway.connections()) <= POOL_SIZE
    wait_for_connections(server, POOL_SIZE * sum(WORKERS))
    return [
        (reply, gateway.load.expected[reply.target])
        for gateway in gateways
        for reply in list(gateway.load.replies)
    ]


def from_the_database(reads: Reads) -> bool:
    return reads.ok > 0 and reads.failed == reads.skipped == reads.glance == 0


def is_complete(reply: Reply, body: bytes) -> bool:
    """Return True if the reply came in time and is what it is without a fault."""
    if isinstance(reply.response, str) or reply.seconds > SLOWEST:
        return False
    return reply.status == 200 and reply.response.body == body


def is_refused(reply: Reply) -> bool:
    """Return True if the reply came in time and is a 503 that says when to try again."""
    if isinstance(reply.response, str) or reply.seconds > SLOWEST:
        return False
    return reply.status == 503 and int(reply.response.header("Retry-After") or 0) >= 1


def test_clients_of_a_gateway_that_falls_back_to_glance_notice_no_fault(
    server: DatabaseServer, database: tuple[str, int], backend: EmbeddedCloud, tmp_path: Path
) -> None:
    with loaded_gateways(tmp_path, backend, database, "glance") as gateways:
        for fault in FAULTS:
            replies = replies_through(fault, server, gateways)
            other = [str(reply) for reply, body in replies if not is_complete(reply, body)]
            assert other == [], f"{fault.__name__}: {len(other)} of {len(replies)}"
    wait_for_connections(server, 0)


def test_clients_of_a_gateway_that_refuses_get_503_in_time_and_nothing_else(
    server: DatabaseServer, database: tuple[str, int], backend: EmbeddedCloud, tmp_path: Path
) -> None:
    with loaded_gateways(tmp_path, backend, database, "refuse") as gateways:
        for fault in FAULTS:
            replies = replies_through(fault, server, gateways)
            refused = [reply for reply, _ in replies if is_refused(reply)]
            assert refused, f"{fault.__name__} affected none of {len(replies)} requests"
            other = [
                str(reply)
                for reply, body in replies
                if not is_refused(reply) and not is_complete(reply, body)
            ]
            assert other == [], f"{fault.__name__}: {len(other)} of {len(replies)}"
    wait_for_connections(server, 0)


def wait_for_connections(server: DatabaseServer, most: int) -> None:
    """Return when the gateways' user has at most so many connections on the server."""
    wait_until(lambda: _count_connections(server) <= most, f"more than {most} connections are left")


def _count_connections(server: DatabaseServer) -> int:
    address = {"host": "127.0.0.1", "port": server.process.port}
    if server.dialect == "mysql":
        connection = pymysql.connect(**address, user="root")
        statement = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'reader'"
    else:
        connection = psycopg2.connect(**address, user="postgres")
        statement = "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'reader'"
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return int(cursor.fetchone()[0])
    finally:
        connection.close()
