"""The servers of `make bench-peers`: a gateway, and the Keystone and Glance behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.peers.configuration import nova_conf
from tests.peers.glance_tables import put_images
from tests.peers.peer_cloud import PeerCloud
from tests.support.cloud import issue_token
from tests.support.process import GlimpseProcess, ServerProcess, free_port

from bench.measure import cpu_microseconds, memory_mb
from bench.servers import OWNER, records


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

    def __init__(self, peers: PeerCloud, process: GlimpseProcess) -> None:
        self._peers = peers
        self.glimpse = Server(process)
        self.glance = Server(peers.glance)
        self.token = issue_token(peers.identity_url, OWNER.name)

    @classmethod
    @contextmanager
    def start(cls, directory: Path) -> Iterator[Self]:
        """Run Keystone, Glance and Glimpse in an absent or empty `directory`, without images."""
        with PeerCloud.start(directory) as peers:
            peers.add_members([OWNER])
            conf = directory / "nova.conf"
            glance = f"endpoint_override = {peers.image_url}"
            conf.write_text(nova_conf(peers.identity_url, glance, metrics_port=free_port()))
            state_dir = directory / "glimpse" / "state"
            state_dir.mkdir(parents=True)
            with GlimpseProcess(state_dir, arguments=["--config-file", str(conf)]) as process:
                yield cls(peers, process)

    def put_images(self, count: int) -> None:
        """Insert the first `count` images of `records` into the tables of Glance."""
        with self._peers.database("glance") as glance:
            put_images(glance, records(count))
