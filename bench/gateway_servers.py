"""The servers of `make bench-peers`: a gateway, and the Keystone and Glance behind it."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, Self

from tests.peers.configuration import nova_conf
from tests.peers.glance_databases import start_mariadb
from tests.peers.glance_tables import put_images
from tests.peers.peer_cloud import PeerCloud
from tests.support.cloud import issue_token
from tests.support.process import GlimpseProcess, ServerProcess, free_port

from bench.measure import cpu_microseconds, memory_mb
from bench.servers import OWNER, records

Mode = Literal["api", "database"]  # from where the gateway reads images
MODES: tuple[Mode, ...] = ("api", "database")


class Server:
    """A server process and its workers: port, CPU time and memory."""

    def __init__(self, process: ServerProcess) -> None:
        self.port = process.port
        self._pids = [process.pid, *process.children()]

    def cpu(self) -> float:
        """Return the CPU time of all its processes in microseconds."""
        return sum(map(cpu_microseconds, self._pids))

    def memory(self, field: str = "VmRSS") -> float:
        """Return the MB of all its processes; shared pages count once per process."""
        return sum(memory_mb(pid, field) for pid in self._pids)


class Gateway:
    """Glimpse and the Glance behind it, one worker each; `token` is valid for both."""

    def __init__(self, mode: Mode, peers: PeerCloud, process: GlimpseProcess) -> None:
        self.mode = mode
        self._peers = peers
        self.glimpse = Server(process)
        self.glance = Server(peers.glance)
        self.token = issue_token(peers.identity_url, OWNER.name)

    @classmethod
    @contextmanager
    def start(cls, directory: Path, mode: Mode) -> Iterator[Self]:
        """Run Keystone, Glance and Glimpse in an empty `directory`, without images.

        In mode ``database`` Glance has a MariaDB, which Glimpse reads.
        """
        with ExitStack() as stack:
            database = None
            if mode == "database":
                database = stack.enter_context(start_mariadb(directory))
            peers = stack.enter_context(PeerCloud.start(directory / "peers", database=database))
            peers.add_members([OWNER])
            sections = f"endpoint_override = {peers.image_url}"
            if database is not None:
                database.grant_reads()
                sections += f"\n{database.gateway_options}"
            conf = directory / "nova.conf"
            conf.write_text(nova_conf(peers.identity_url, sections, metrics_port=free_port()))
            state_dir = directory / "glimpse" / "state"
            state_dir.mkdir(parents=True)
            arguments = ["--config-file", str(conf)]
            process = stack.enter_context(GlimpseProcess(state_dir, arguments=arguments))
            yield cls(mode, peers, process)

    def put_images(self, count: int, others: int = 0) -> None:
        """Insert the first `count` images of `records`, and as many of each of `others` projects.

        The others' images have the same dates, so that all are mixed in the order of lists.
        """
        with self._peers.glance_tables() as glance:
            put_images(glance, records(count))
            for other in range(others):
                put_images(glance, _of_another_project(records(count), other))


def _of_another_project(
    images: Iterable[Mapping[str, Any]], number: int
) -> Iterator[Mapping[str, Any]]:
    for image in images:
        image_id = str(uuid.uuid5(uuid.UUID(image["id"]), str(number)))
        yield {**image, "id": image_id, "owner": f"{number:032x}"}
