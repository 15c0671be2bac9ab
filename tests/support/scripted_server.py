"""ScriptedServer: an HTTP server whose responses are functions that yield raw bytes.

Also documents of Keystone and Glance with which tests make such responses.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.http import encode_response
from tests.support.server import ThreadedServer

# Yields the bytes of the response to a request with this head.
Respond = Callable[[str], Iterable[bytes]]


class ScriptedServer(ThreadedServer):
    """A server that sends the bytes that `respond` yields, then closes the connection.

    A context manager. Each connection has its own thread.
    `heads` are the heads of the requests so far, `open_connections` the sockets that are open now.
    """

    def __init__(self, respond: Respond) -> None:
        super().__init__()
        self.respond = respond
        self.heads: list[str] = []
        self.open_connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def serve(self) -> None:
        for connection in self.connections():
            self.open_connections.add(connection)
            thread = threading.Thread(target=self._serve_connection, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        super().stop()
        for connection in list(self.open_connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _serve_connection(self, connection: socket.socket) -> None:
        try:
            with connection, contextlib.suppress(OSError):
                self._respond(connection)
        finally:
            self.open_connections.discard(connection)

    def _respond(self, connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            data = connection.recv(65536)
            if not data:
                return
            received += data
        head, _, body = received.partition(b"\r\n\r\n")
        fields = [line.partition(b":") for line in head.lower().split(b"\r\n")[1:]]
        length = int({name: value for name, _, value in fields}.get(b"content-length", 0))
        while len(body) < length:
            body += connection.recv(65536)
        self.heads.append(head.decode("latin-1"))
        for piece in self.respond(self.heads[-1]):
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


def scripted_response(
    body: bytes, status: int = 200, *headers: str, content_type: str = "application/json"
) -> list[bytes]:
    """Return a whole response, with ``Connection: close``, as a `Respond` returns it."""
    close = "Connection: close"
    return [encode_response(status, body, close, *headers, content_type=content_type)]


def json_response(document: Any, status: int = 200, *headers: str) -> list[bytes]:
    """Return a whole response with a JSON body."""
    return scripted_response(json.dumps(document).encode(), status, *headers)


def token_document(keystone_url: str, glance_url: str, **changes: Any) -> dict[str, Any]:
    """Return Keystone's document of a member's token, with Keystone and Glance in the catalog.

    `changes` replace members of its ``token`` object.
    """

    def service(kind: str, url: str) -> dict[str, Any]:
        endpoints = [
            {"interface": name, "url": url, "region": "R", "region_id": "R", "id": name}
            for name in ("public", "internal")
        ]
        return {"type": kind, "name": kind, "id": kind, "endpoints": endpoints}

    expires = datetime.now(UTC) + timedelta(hours=1)
    domain = {"id": "default", "name": "Default"}
    token = {
        "methods": ["password"],
        "issued_at": "2024-01-01T00:00:00.000000Z",
        "expires_at": f"{expires:%Y-%m-%dT%H:%M:%S}.000000Z",
        "user": {"id": "u" * 32, "name": "demo", "domain": domain, "password_expires_at": None},
        "project": {"id": "1" * 32, "name": "demo", "domain": domain},
        "is_domain": False,
        "roles": [{"id": "r" * 32, "name": "member"}],
        "audit_ids": ["a"],
        "catalog": [service("identity", keystone_url), service("image", glance_url)],
    }
    return {"token": token | changes}


def image_document(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the document of an image in Glance's API; `changes` replace its attributes."""
    image_id = f"00000000-0000-0000-0000-{number:012}"
    image = {
        "id": image_id,
        "name": "an image",
        "status": "active",
        "visibility": "public",
        "owner": "1" * 32,
        "size": 1000,
        "virtual_size": None,
        "min_ram": 0,
        "min_disk": 0,
        "protected": False,
        "os_hidden": False,
        "disk_format": "qcow2",
        "container_format": "bare",
        "checksum": "0" * 32,
        "os_hash_algo": "sha512",
        "os_hash_value": "0" * 128,
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-01T00:00:00Z",
        "tags": ["a tag"],
        "self": f"/v2/images/{image_id}",
        "file": f"/v2/images/{image_id}/file",
        "schema": "/v2/schemas/image",
        "os_distro": "debian",
        "nothing": None,
    }
    return image | changes
