"""Starts the clouds of tests that run against both: embedded services, and a real Glance."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.peers.glance_databases import start_mariadb, start_postgresql
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import Cloud, EmbeddedCloud, Member, seed_identity
from tests.support.process import GlimpseProcess

# For the `params` of a fixture. Tests with a real Glance run only in `make test-peers`.
CLOUDS = ("embedded", pytest.param("peers", marks=pytest.mark.peers))
# Those with a real Glance whose database Glimpse reads.
_DATABASES = {"mariadb": start_mariadb, "postgresql": start_postgresql}
DATABASE_CLOUDS = tuple(pytest.param(kind, marks=pytest.mark.peers) for kind in _DATABASES)


@contextmanager
def start_cloud(
    kind: str,
    directory: Path,
    members: Iterable[Member],
    *,
    downloads: int | None = None,
    workers: int = 1,
) -> Iterator[Cloud]:
    """Run a cloud of CLOUDS or DATABASE_CLOUDS with these users and its files in `directory`.

    It may download images from the port `downloads` of this host. Embedded services run in
    `workers` processes.
    """
    if kind == "peers":
        with PeerGateway.start_all(directory / "peers", members, downloads=downloads) as gateway:
            yield gateway
    elif kind in _DATABASES:
        with (
            _DATABASES[kind](directory) as database,
            PeerGateway.start_all(
                directory / "peers", members, downloads=downloads, database=database
            ) as gateway,
        ):
            yield gateway
    else:
        state_dir = directory / "state"
        seed_identity(state_dir, members)
        arguments = ["--workers", str(workers)]
        arguments += [] if downloads is None else _allow_downloads(directory, downloads)
        with GlimpseProcess(state_dir, arguments=arguments) as process:
            yield EmbeddedCloud(process)


def _allow_downloads(directory: Path, port: int) -> list[str]:
    """Return arguments that let the embedded services download from a port of this host."""
    settings = directory / "downloads.conf"
    settings.write_text(f"[import]\nallowed_ports = {port}\nallowed_networks = 127.0.0.0/8\n")
    return ["--config-file", str(settings)]
