"""CloudClient: sends single requests to a cloud of `glimpse.testing`."""

import json
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from glimpse.testing import Cloud
from tests.support.cloud import request_token
from tests.support.http import Response, request

IMAGE_ID = "5b9a9f0e-7a0c-4b2e-9d5b-0f2f0d2f5d11"
SERVER_ID = "2f6e0d1c-1f0e-4a59-8f0e-4dc0a9a1f001"
IMAGES = "/image/v2/images"


class CloudClient:
    """A client of a cloud, with a token of a user, who has a project of the same name."""

    def __init__(self, cloud: Cloud, user: str = "demo") -> None:
        self._cloud, self._user = cloud, user
        url = urlsplit(cloud.compute_url)
        self.address = str(url.hostname), int(url.port or 80)

        self.token = self._log_in()

    def _log_in(self) -> str:
        domain = {"id": "default"}
        user = {"name": self._user, "domain": domain, "password": "secret"}
        scope = {"project": {"name": self._user, "domain": domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        url = self._cloud.auth_url.removesuffix("/v3")
        return request_token(url, {"identity": identity, "scope": scope})

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> Response:
        """Send a request with the user's token; return the response."""
        return request(
            self.address, method, path, {"X-Auth-Token": self.token, **dict(headers)}, body
        )

    def get(self, path: str = IMAGES, **headers: str) -> Response:
        """GET `path`; underscores in the names of headers are dashes."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("GET", path, given)

    def send_json(self, path: str, document: object) -> Response:
        """POST a JSON document."""
        headers = {"Content-Type": "application/json"}
        return self.send("POST", path, headers, json.dumps(document).encode())

    def create_image(self) -> str:
        """Create an image without data; return its id."""
        document = {"name": "new", "disk_format": "raw", "container_format": "bare"}
        created = self.send_json(IMAGES, document)
        assert created.status == 201, str(created)
        return str(created.json()["id"])

    def upload(self, image_id: str, where: str = "file") -> int:
        """Upload 4,000 bytes, or with ``stage`` stage them; return the status of the response."""
        headers = {"Content-Type": "application/octet-stream"}
        path = f"{IMAGES}/{image_id}/{where}"
        return self.send("PUT", path, headers, b"data" * 1000).status

    def image_status(self, image_id: str) -> str:
        """Return the status of an image."""
        return str(self.get(f"{IMAGES}/{image_id}").json()["status"])
