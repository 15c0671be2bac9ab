"""Creates images and uploads their data, whole or in part, through the Image API."""

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

from tests.support.cloud import EmbeddedCloud
from tests.support.http import Response, encode_head, request
from tests.support.process import wait_until

HALF = b"x" * 2 * 1024 * 1024  # of the data that `half_upload` announces
_DATA_TYPE = ("Content-Type", "application/octet-stream")


def create_image(cloud: EmbeddedCloud, visibility: str = "private") -> str:
    """Create an image to which data can be uploaded; return its id."""
    body = {"disk_format": "raw", "container_format": "bare", "visibility": visibility}
    response = cloud.request("owner", "POST", "/image/v2/images", json.dumps(body).encode())
    assert response.status == 201, str(response)
    return str(response.json()["id"])


def upload(cloud: EmbeddedCloud, image: str, data: bytes) -> Response:
    """Upload the data of an image."""
    headers = [("X-Auth-Token", cloud.token("owner") or ""), _DATA_TYPE]
    return request(cloud.address, "PUT", f"/image/v2/images/{image}/file", headers, data)


def image_status(cloud: EmbeddedCloud, image: str) -> str:
    """Return the status of an image."""
    response = cloud.request("owner", "GET", f"/image/v2/images/{image}")
    assert response.status == 200, str(response)
    return str(response.json()["status"])


@contextlib.contextmanager
def half_upload(cloud: EmbeddedCloud, image: str) -> Iterator[socket.socket]:
    """Yield the connection of an upload of which the first HALF has been stored."""
    token = cloud.token("owner") or ""
    headers = [("X-Auth-Token", token), _DATA_TYPE, ("Content-Length", str(2 * len(HALF)))]
    target = f"/image/v2/images/{image}/file"
    with socket.create_connection(cloud.address, timeout=20) as connection:
        connection.sendall(encode_head(cloud.address, "PUT", target, headers, b"") + HALF)
        wait_until(lambda: f"{image}#1" in stored_files(cloud.state_dir), "no upload has begun")
        assert image_status(cloud, image) == "saving"
        yield connection


def stored_files(state_dir: Path) -> list[str]:
    """Return the names of the files of image data and of the locks of uploads."""
    return [path.name for name in ("data", "uploads") for path in (state_dir / name).iterdir()]
