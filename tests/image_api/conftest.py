"""A server process of the Image API alone, and a client that speaks to it."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from glimpse.embedded.service import EmbeddedImageService
from tests.support.embedded import open_images
from tests.support.http import Answer, request
from tests.support.process import ServerProcess, free_port

PATCH = "application/openstack-images-v2.1-json-patch"
MEBIBYTE = 1024 * 1024


class Api:
    """Speaks to the server as `demo` of its project unless told otherwise."""

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
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            named["X-Auth-Token"] = token
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return request(self.address, method, f"/image{path}", named, data)

    def create(self, **attributes: Any) -> dict[str, Any]:
        answer = self("POST", "/v2/images", attributes)
        assert answer.status == 201, str(answer)
        created: dict[str, Any] = answer.json()
        return created

    def with_data(self, data: bytes, **attributes: Any) -> str:
        image = self.create(disk_format="raw", container_format="bare", **attributes)
        answer = self("PUT", f"{image['file']}", data, Content_Type="application/octet-stream")
        assert answer.status == 204, str(answer)
        return str(image["id"])

    def patch(self, image_id: str, *changes: object, kind: str = PATCH, **more: Any) -> Answer:
        return self("PATCH", f"/v2/images/{image_id}", list(changes), Content_Type=kind, **more)

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        kibibytes = next(line.split()[1] for line in status.splitlines() if "VmHWM" in line)
        return int(kibibytes) * 1024


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
