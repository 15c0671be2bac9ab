"""A disk that clouds download."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.canned_server import CannedServer
from tests.support.disk_images import qcow2
from tests.support.http import Response

DISK = qcow2(64 * 2**20)  # an empty disk of 64 MiB


@contextmanager
def serve_disk() -> Iterator[CannedServer]:
    """Run an HTTP server with DISK at every path."""
    server = CannedServer()
    server.response = Response(200, (("Content-Length", str(len(DISK))),), DISK)
    with server:
        yield server
