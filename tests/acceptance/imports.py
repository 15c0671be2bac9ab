"""Stages and imports data through the Image API, and looks at what is left of it."""

import json
from pathlib import Path
from typing import Any

from tests.support.cloud import EmbeddedCloud
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess, wait_until

FINISHED = ("success", "failure")


def process_with_imports(state_dir: Path, *arguments: str, **options: object) -> GlimpseProcess:
    """Return a process that may download from 127.0.0.1; `options` are those of [import]."""
    file = state_dir.parent / "imports.conf"
    given = {"allowed_networks": "127.0.0.1", "allowed_ports": "", **options}
    lines = [f"{name} = {value}" for name, value in given.items()]
    file.write_text("\n".join(["[import]", *lines, ""]))
    return GlimpseProcess(state_dir, arguments=["--config-file", str(file), *arguments])


def stage(cloud: EmbeddedCloud, image: str, data: bytes) -> Response:
    """Stage data of an image."""
    headers = [("X-Auth-Token", cloud.token("owner") or "")]
    headers.append(("Content-Type", "application/octet-stream"))
    return request(cloud.address, "PUT", f"/image/v2/images/{image}/stage", headers, data)


def import_staged(cloud: EmbeddedCloud, image: str) -> Response:
    """Request the import of the staged data of an image."""
    return _import(cloud, image, {"name": "glance-direct"})


def import_from(cloud: EmbeddedCloud, image: str, url: str) -> Response:
    """Request the import of the data at a URL."""
    return _import(cloud, image, {"name": "web-download", "uri": url})


def _import(cloud: EmbeddedCloud, image: str, method: dict[str, str]) -> Response:
    body = json.dumps({"method": method}).encode()
    return cloud.request("owner", "POST", f"/image/v2/images/{image}/import", body)


def show(cloud: EmbeddedCloud, image: str) -> dict[str, Any] | None:
    """Return the document of an image; None if it does not exist."""
    response = cloud.request("owner", "GET", f"/image/v2/images/{image}")
    assert response.status in (200, 404), str(response)
    return response.json() if response.status == 200 else None


def tasks(cloud: EmbeddedCloud, image: str) -> list[dict[str, Any]]:
    """Return the tasks of an image; [] if it does not exist."""
    response = cloud.request("owner", "GET", f"/image/v2/images/{image}/tasks")
    assert response.status in (200, 404), str(response)
    found: list[dict[str, Any]] = response.json()["tasks"] if response.status == 200 else []
    return found


def wait_for_imports(cloud: EmbeddedCloud, *images: str) -> None:
    """Wait until no import of the images runs or waits."""
    for image in images:
        wait_until(
            lambda image=image: all(task["status"] in FINISHED for task in tasks(cloud, image)),  # type: ignore[misc]
            f"the import of {image} does not end",
        )


def files(state_dir: Path) -> dict[str, set[str]]:
    """Return the names of the files of data, staged data, and locks of uploads and imports."""
    return {
        name: {path.name for path in (state_dir / name).iterdir()}
        for name in ("data", "staging", "uploads")
    }
