"""ImportApi: a client of the Image API that stages and imports data."""

from typing import Any

from tests.image_api.conftest import Api
from tests.support.http import Response
from tests.support.process import wait_until

OCTETS = "application/octet-stream"
DIRECT = {"method": {"name": "glance-direct"}}
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
FORMATS = {"disk_format": "raw", "container_format": "bare"}


class ImportApi(Api):
    """A client of the server, which may download from 127.0.0.1."""

    def stage(self, image_id: str, data: bytes = b"data", **more: Any) -> Response:
        headers = {"Content_Type": OCTETS, **more}
        return self("PUT", f"/v2/images/{image_id}/stage", data, **headers)

    def start(self, image_id: str, document: object, **more: Any) -> Response:
        return self("POST", f"/v2/images/{image_id}/import", document, **more)

    def download(self, image_id: str, url: str, **more: Any) -> Response:
        return self.start(image_id, {"method": {"name": "web-download", "uri": url}}, **more)

    def new(self, **attributes: Any) -> str:
        return str(self.create(**FORMATS | attributes)["id"])

    def show(self, image_id: str) -> dict[str, Any]:
        response = self("GET", f"/v2/images/{image_id}")
        assert response.status == 200, str(response)
        shown: dict[str, Any] = response.json()
        return shown

    def tasks(self, image_id: str, **more: Any) -> list[dict[str, Any]]:
        response = self("GET", f"/v2/images/{image_id}/tasks", **more)
        assert response.status == 200, str(response)
        tasks: list[dict[str, Any]] = response.json()["tasks"]
        return tasks

    def finished(self, image_id: str, **more: Any) -> dict[str, Any]:
        """Wait for the end of the last import of an image; return its task."""
        wait_until(
            lambda: self.tasks(image_id, **more)[-1]["status"] in ("success", "failure"),
            "the import to end",
        )
        return self.tasks(image_id, **more)[-1]
