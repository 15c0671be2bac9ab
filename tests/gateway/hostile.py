"""HostileCloud: a gateway, a Keystone and a Glance whose responses tests replace."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.gateway import credentials, write_configuration
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess
from tests.support.resident_memory import MEGABYTE, peak_resident_bytes
from tests.support.scripted_server import (
    Respond,
    ScriptedServer,
    image_document,
    json_response,
    scripted_response,
    token_document,
)

TIMEOUT = 2  # seconds that the gateway waits for Keystone, and for Glance
SCHEMA = {"name": "image", "properties": {"id": {"type": "string"}, "own": {"is_base": False}}}


class HostileCloud:
    """A gateway, and a Keystone and a Glance that work until a test replaces responses.

    `token` is Keystone's document of any token. `login`, `validation` and `images` make the
    responses to a login, a validation, and each request to Glance.
    """

    def __init__(self, process: GlimpseProcess) -> None:
        self.process = process
        self.keystone = ScriptedServer(self._keystone)
        self.glance = ScriptedServer(self._glance)
        self.restore()

    def restore(self) -> None:
        """Undo all changes to the responses."""
        self.token: Any = token_document(self.keystone.base_url, self.glance.base_url)
        self.login: Respond = lambda _: json_response(self.token, 201, "X-Subject-Token: own")
        self.validation: Respond = lambda _: json_response(self.token)
        self.discovery: Respond | None = None
        self.images: Respond = self.respond_as_glance

    def respond_as_glance(self, head: str) -> list[bytes]:
        target = head.split(" ", 2)[1]
        if target.startswith("/v2/schemas"):
            return json_response(SCHEMA)
        if target.startswith("/v2/images?"):
            return json_response({"images": [image_document(1), image_document(2)]})
        return json_response(image_document())

    def _glance(self, head: str) -> Iterator[bytes]:
        yield from self.images(head)

    def _keystone(self, head: str) -> Iterator[bytes]:
        method, target = head.split(" ", 2)[:2]
        if not target.startswith("/v3/auth/tokens") and self.discovery is not None:
            yield from self.discovery(head)
        elif not target.startswith("/v3/auth/tokens"):
            link = {"rel": "self", "href": f"{self.keystone.base_url}/v3/"}
            version = {"id": "v3.14", "status": "stable", "links": [link]}
            yield from json_response({"version": version})
        elif method == "POST":
            yield from self.login(head)
        else:
            yield from self.validation(head)

    def request(
        self, method: str, target: str, token: str = "", body: bytes | None = None
    ) -> Response:
        """Send a request with `token`, or with a new one that the gateway has not cached."""
        headers = {"X-Auth-Token": token or uuid.uuid4().hex}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return request(self.process.address, method, target, headers, body)

    def show(self, token: str = "") -> Response:
        return self.request("GET", f"/v2.1/images/{image_document()['id']}", token)

    def peak_memory_mb(self) -> int:
        """Return the peak memory of the gateway in MB."""
        return peak_resident_bytes(self.process.pid) // MEGABYTE

    def log(self) -> str:
        return self.process.log.read_text()


@contextmanager
def hostile_cloud(directory: Path, timeout: int = TIMEOUT) -> Iterator[HostileCloud]:
    """Run a gateway and both services, with the state of the gateway in `directory`.

    The gateway waits `timeout` seconds for Keystone, and for Glance.
    """
    process = GlimpseProcess(
        directory / "state", arguments=["--config-file", str(directory / "nova.conf")]
    )
    cloud = HostileCloud(process)
    options = credentials(cloud.keystone.base_url) | {
        "http_connect_timeout": timeout,
        "http_request_max_retries": 0,
    }
    glance = {"timeout": timeout, "num_retries": 0, "valid_interfaces": "public"}
    write_configuration(
        directory / "nova.conf",
        cloud.keystone.base_url,
        {"keystone_authtoken": options, "glance": glance},
    )
    with cloud.keystone, cloud.glance, process:
        yield cloud


__all__ = ["HostileCloud", "hostile_cloud", "scripted_response"]
