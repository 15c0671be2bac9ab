"""Starts the clouds of tests that run against both: embedded services, and a real Glance."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import Cloud, EmbeddedCloud, Member, seed_identity
from tests.support.process import GlimpseProcess

# For the `params` of a fixture. Tests with a real Glance run only in `make test-peers`.
CLOUDS = ("embedded", pytest.param("peers", marks=pytest.mark.peers))


@contextmanager
def start_cloud(kind: str, directory: Path, members: Iterable[Member]) -> Iterator[Cloud]:
    """Run a cloud, ``embedded`` or ``peers``, with these users and its files in `directory`."""
    if kind == "peers":
        with PeerGateway.start_all(directory / "peers", members) as gateway:
            yield gateway
    else:
        state_dir = directory / "state"
        seed_identity(state_dir, members)
        with GlimpseProcess(state_dir) as process:
            yield EmbeddedCloud(process)
