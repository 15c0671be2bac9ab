"""PeerGateway: Glimpse in front of a real Keystone and Glance, with its calls recorded."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.peers.call_recorder import CallRecorder
from tests.peers.configuration import nova_conf
from tests.peers.glance_databases import GlanceDatabase
from tests.peers.glance_tables import put_images
from tests.peers.peer_cloud import PeerCloud
from tests.support.cloud import Cloud, Member
from tests.support.process import GlimpseProcess


class PeerGateway(Cloud):
    """A gateway in front of `peers`; `calls` has the requests that it sends to Glance."""

    def __init__(self, peers: PeerCloud, process: GlimpseProcess, calls: CallRecorder) -> None:
        super().__init__(process)
        self.peers = peers
        self.calls = calls

    @classmethod
    @contextmanager
    def start(
        cls, peers: PeerCloud, configuration: str = "", *, workers: int = 1
    ) -> Iterator[Self]:
        """Run Glimpse at the port that is in the catalog; add `configuration` to its nova.conf."""
        with CallRecorder(peers.glance.address) as calls:
            conf = peers.directory / "nova.conf"
            glance = f"endpoint_override = {calls.base_url}\n{configuration}"
            conf.write_text(nova_conf(peers.identity_url, glance))
            state_dir = peers.directory / "glimpse" / "state"
            state_dir.mkdir(parents=True, exist_ok=True)
            arguments = ["--config-file", str(conf), "--workers", str(workers)]
            with GlimpseProcess(state_dir, arguments=arguments, port=peers.compute_port) as process:
                yield cls(peers, process, calls)

    @classmethod
    @contextmanager
    def start_all(
        cls,
        directory: Path,
        members: Iterable[Member],
        configuration: str = "",
        *,
        downloads: int | None = None,
        database: GlanceDatabase | None = None,
    ) -> Iterator[Self]:
        """Run a Keystone and a Glance with these users, and Glimpse in front of them.

        Glance may download images from the port `downloads` of this host. If its images are in
        `database`, Glimpse reads that; otherwise it asks Glance.
        """
        with PeerCloud.start(directory, downloads=downloads, database=database) as peers:
            peers.add_members(members)
            if database is not None:
                database.grant_reads()
                configuration += f"\n{database.gateway_options}"
            with cls.start(peers, configuration) as cloud:
                yield cloud

    def image_url_at(self, base_url: str) -> str:  # noqa: ARG002  the catalog has one URL
        return self.calls.base_url

    def identity_url_at(self, base_url: str) -> str:  # noqa: ARG002  likewise
        return self.peers.identity_url

    def issue_expired_token(self, user: str) -> str:
        """Return a token that has expired with its application credential."""
        token = self.peers.identity.issue_short_token(user, seconds=2)
        time.sleep(3)
        return token

    def put_images(
        self, documents: Iterable[Mapping[str, Any]], *, absent: Iterable[str] = ()
    ) -> None:
        with self.peers.glance_tables() as glance:
            put_images(glance, documents, absent)
