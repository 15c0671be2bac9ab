"""The clouds that Tempest runs against, each with an administrator and a disk to download."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clients.downloads import serve_disk
from tests.clients.tempest.configuration import Target
from tests.clouds import start_cloud
from tests.support.cloud import Member

_ADMIN = Member("admin", uuid.uuid4().hex, ("admin",), system_roles=("admin",))


@contextmanager
def start(kind: str, directory: Path) -> Iterator[Target]:
    """Run Glimpse with the embedded services, or for ``peers`` a real Keystone and Glance."""
    with (
        serve_disk() as server,
        start_cloud(kind, directory, [_ADMIN], downloads=server.port) as cloud,
    ):
        disk = f"{server.base_url}/disk.qcow2"
        yield Target(f"{cloud.identity_url}/v3", admin=_ADMIN.name, qcow2_url=disk)
