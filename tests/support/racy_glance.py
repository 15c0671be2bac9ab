"""RacyGlance: a Glance in which concurrent writes to one image overwrite each other."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.server import Server

_PREFIX = "/v2/images/"


class RacyGlance(Server):
    """A server of the Image API whose PATCH is not atomic. A context manager.

    `images` has the document of each image by id. A PATCH reads the image, waits for `delay`
    seconds, and writes the changed image back; of two concurrent ones, the later undoes the
    earlier. A real Glance does the same. `patching` is the number of PATCH requests in progress.
    No token is needed.
    """

    def __init__(self, delay: float) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.delay = delay
        self.patching = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.glance = self
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def patch(self, image_id: str, operations: list[dict[str, str]]) -> dict[str, Any]:
        """Apply a JSON patch of properties; return the changed image."""
        changed = dict(self.images[image_id])
        for operation in operations:
            key = operation["path"][1:].replace("~1", "/").replace("~0", "~")
            if operation["op"] == "remove":
                del changed[key]
            else:
                changed[key] = operation["value"]
        self.patching += 1
        time.sleep(self.delay)
        self.images[image_id] = changed
        self.patching -= 1
        return changed


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    glance: RacyGlance

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a traceback, unless the client has closed its connection (it was killed)."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/v2/schemas/image":
            self._send_json(200, {"name": "image", "properties": {}})
        else:
            image = self.server.glance.images.get(self.path.removeprefix(_PREFIX))
            self._send_json(200 if image else 404, image or {})

    def do_PATCH(self) -> None:
        operations = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        image_id = self.path.removeprefix(_PREFIX)
        self._send_json(200, self.server.glance.patch(image_id, operations))

    def _send_json(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Do nothing."""
