"""Fixtures: a server process of the Image API alone, and a client of it."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from glimpse.embedded.service import EmbeddedImageService
from tests.support.embedded import open_images
from tests.support.http import Response, request
from tests.support.process import ServerProcess, free_port
from tests.support.resident_memory import peak_resident_bytes

PATCH = "application/openstack-images-v2.1-json-patch"
MEBIBYTE = 1024 * 1024


class Api:
    """A client of the server. Its token is that of user ``demo`` in project ``gold``."""

    def __init__(self, process: ServerProcess) -> None:
        self.address = process.address
        self.pid = process.pid

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = "demo:gold",
        **headers: str,
    ) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            named["X-Auth-Token"] = token
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return request(self.address, method, f"/image{path}", named, data)

    def create(self, **attributes: Any) -> dict[str, Any]:
        """Create an image; return its document."""
        response = self("POST", "/v2/images", attributes)
        assert response.status == 201, str(response)
        created: dict[str, Any] = response.json()
        return created

    def create_with_data(self, data: bytes, **attributes: Any) -> str:
        """Create an image and upload its data; return its id."""
        image = self.create(disk_format="raw", container_format="bare", **attributes)
        response = self("PUT", f"{image['file']}", data, Content_Type="application/octet-stream")
        assert response.status == 204, str(response)
        return str(image["id"])

    def patch(self, image_id: str, *changes: object, kind: str = PATCH, **more: Any) -> Response:
        """Send a PATCH with the media type `kind`; `more` are further headers, and the token."""
        return self("PATCH", f"/v2/images/{image_id}", list(changes), Content_Type=kind, **more)

    def peak_resident_bytes(self) -> int:
        """Return the peak memory of the server."""
        return peak_resident_bytes(self.pid)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    port = free_port()
    directory = tmp_path_factory.mktemp("images")
    command = [sys.executable, "-m", "tests.image_api.server", str(port), str(directory)]
    with ServerProcess(command, port, directory / "server.log") as process:
        yield Api(process)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[EmbeddedImageService]:
    opened = open_images(tmp_path / "state")
    yield opened
    await opened.close()
