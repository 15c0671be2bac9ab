"""LoadedGateway: a gateway that reads Glance's tables, and clients that keep it busy.

Behind it are an embedded cloud, in the place of Keystone and Glance, and a database of its own
with the same images.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.cloud import EmbeddedCloud
from tests.support.gateway import GatewayCloud, Sections, gateway
from tests.support.http import request
from tests.support.process import free_port, wait_until
from tests.support.steady_load import SteadyLoad

POOL_SIZE = 4
TIMEOUT = 1.0  # seconds, of a query and of a connection
_ESTABLISHED = "01"  # the state of a connection in /proc/net/tcp
_REPLIES = 30  # between two scrapes of metrics


class Reads(NamedTuple):
    """The number of queries of the database by outcome, and of GET requests to Glance."""

    ok: float
    failed: float
    skipped: float
    glance: float


class LoadedGateway:
    """A running gateway; `load` has its clients, `database_port` is that of its database."""

    def __init__(
        self, cloud: GatewayCloud, load: SteadyLoad, metrics_port: int, database_port: int
    ) -> None:
        self.cloud = cloud
        self.load = load
        self._metrics_port = metrics_port
        self._database_port = database_port
        self._workers = cloud.process.children() or [cloud.process.pid]

    @classmethod
    @contextmanager
    def start(
        cls,
        directory: Path,
        backend: EmbeddedCloud,
        database: tuple[str, int],
        fallback: str,
        workers: int,
        targets: tuple[str, ...],
    ) -> Iterator["LoadedGateway"]:
        """Run a gateway with 16 clients; `database` is the URL and the port of the database."""
        url, database_port = database
        metrics_port = free_port()
        sections: Sections = {
            "glance": {"endpoint_override": backend.image_url_at(backend.process.base_url)},
            "metrics": {"port": metrics_port},
            "glance_database": {
                "connection": url,
                "fallback": fallback,
                "pool_size": POOL_SIZE,
                "connect_timeout": TIMEOUT,
                "timeout": TIMEOUT,
            },
        }
        with ExitStack() as stack:
            arguments = ["--workers", str(workers)]
            cloud = stack.enter_context(gateway(directory, backend, sections, arguments))
            load = stack.enter_context(SteadyLoad(cloud, "owner", targets))
            yield cls(cloud, load, metrics_port, database_port)

    def reads(self) -> Reads:
        """Return what its workers have read so far, by their metrics."""
        response = request(("127.0.0.1", self._metrics_port), "GET", "/metrics")
        counts = dict(
            line.rsplit(" ", 1)
            for line in response.body.decode().splitlines()
            if line.startswith("glimpse_service_calls_total{")
        )

        def total(*labels: str) -> float:
            return sum(
                float(count)
                for name, count in counts.items()
                if all(f'"{label}"' in name for label in labels)
            )

        outcomes = (total("glance_database", each) for each in ("ok", "failed", "skipped"))
        return Reads._make((*outcomes, total("glance", "GET")))

    def wait_until_read(self, source: Callable[[Reads], bool]) -> None:
        """Return when `source` is true of what was read between two scrapes. Fails after 20 s."""

        def is_read() -> bool:
            before = self.reads()
            self.load.wait_for_replies(_REPLIES)
            now = self.reads()
            return source(Reads._make(new - old for new, old in zip(now, before, strict=True)))

        wait_until(is_read, f"not as wanted: {self.reads()}")

    def connections(self) -> list[int]:
        """Return the number of open connections of each worker to its database."""
        inodes = set()
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            port = int(fields[2].partition(":")[2], 16)
            if (port, fields[3]) == (self._database_port, _ESTABLISHED):
                inodes.add(f"socket:[{fields[9]}]")
        return [len(inodes & _sockets(pid)) for pid in self._workers]


def _sockets(pid: int) -> set[str]:
    """Return the names of the sockets that a process has open, without those it is closing."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    return found
