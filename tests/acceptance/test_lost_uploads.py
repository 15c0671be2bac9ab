"""Uploads that a crash interrupted are undone; other uploads are not disturbed."""

import contextlib
import os
import signal
import socket
import threading
from pathlib import Path

from tests.acceptance.uploads import (
    HALF,
    create_image,
    half_upload,
    image_status,
    stored_files,
    upload,
)
from tests.support.asgi_server_process import AsgiServerProcess
from tests.support.cloud import EmbeddedCloud
from tests.support.http import encode_head, read_response
from tests.support.process import GlimpseProcess, wait_until


def test_an_upload_interrupted_by_a_crash_can_be_repeated(state_dir: Path) -> None:
    process = GlimpseProcess(state_dir)
    cloud = EmbeddedCloud(process)
    process.start()
    image = create_image(cloud)
    with half_upload(cloud, image):
        process.kill()
    assert f"{image}#1" in stored_files(state_dir), "the crash left no files of the upload"
    with process:
        assert image_status(cloud, image) == "queued"
        assert stored_files(state_dir) == []
        headers = [("X-Auth-Token", cloud.token("owner") or "")]
        headers.append(("Content-Type", "application/octet-stream"))
        target = f"/image/v2/images/{image}/file"
        with socket.create_connection(cloud.address, timeout=20) as connection:
            sized = [*headers, ("Content-Length", str(len(HALF)))]
            connection.sendall(encode_head(cloud.address, "PUT", target, sized, b"") + HALF)
            response = read_response(connection, "PUT")
        assert response.status == 204, str(response)
        assert cloud.request("owner", "GET", target).body == HALF


def test_a_start_does_not_undo_uploads_of_running_processes(state_dir: Path) -> None:
    with GlimpseProcess(state_dir, arguments=["--workers", "2"]) as lives:
        cloud = EmbeddedCloud(lives)
        image, lost = create_image(cloud), create_image(cloud)
        with half_upload(cloud, image) as upload:
            dies = AsgiServerProcess(state_dir)
            dies.start()
            with half_upload(EmbeddedCloud(dies), lost):
                dies.kill()
            with dies:
                assert image_status(cloud, lost) == "queued"
                assert image_status(cloud, image) == "saving"
                assert f"{image}#1" in stored_files(state_dir)
                upload.sendall(HALF)
                response = read_response(upload, "PUT")
                assert response.status == 204, str(response)
        assert image_status(cloud, image) == "active"
        assert stored_files(state_dir) == [image]
        assert cloud.request("owner", "GET", f"/image/v2/images/{image}/file").body == 2 * HALF


def test_an_upload_of_a_worker_that_died_is_undone_by_the_next_one(state_dir: Path) -> None:
    with GlimpseProcess(state_dir, arguments=["--workers", "2"]) as process:
        cloud = EmbeddedCloud(process)
        image = create_image(cloud)
        with half_upload(cloud, image):
            for worker in process.children():
                os.kill(worker, signal.SIGKILL)
            wait_until(lambda: stored_files(state_dir) == [], "the upload was not undone")
        assert image_status(cloud, image) == "queued"


def test_a_crash_leaves_no_partial_data_and_loses_no_acknowledged_data(state_dir: Path) -> None:
    """Kill the process 20 times during uploads and deletions; each image has different data."""
    process = GlimpseProcess(state_dir)
    cloud = EmbeddedCloud(process)
    process.start()
    acknowledged: dict[str, bytes] = {}
    deleted: set[str] = set()
    images: list[str] = []
    for kill in range(20):
        cloud.token("owner")
        killer = threading.Timer(0.02 + 0.009 * kill, process.kill)
        killer.start()
        with contextlib.suppress(OSError, ValueError):
            while True:
                images.append(create_image(cloud))
                data = images[-1].encode() * 20_000
                assert upload(cloud, images[-1], data).status == 204
                acknowledged[images[-1]] = data
                if len(acknowledged) % 4 == 0:
                    image = next(iter(acknowledged))
                    data = acknowledged.pop(image)
                    deleted.add(image)  # perhaps: the crash may prevent it
                    response = cloud.request("owner", "DELETE", f"/image/v2/images/{image}")
                    assert response.status == 204, str(response)
        killer.join()
        process.start()
        known = {
            image: cloud.request("owner", "GET", f"/image/v2/images/{image}") for image in images
        }
        assert {image for image in images if known[image].status != 200} <= deleted
        for image, response in known.items():
            if response.status == 200 and response.json()["status"] == "active":
                found = cloud.request("owner", "GET", f"/image/v2/images/{image}/file").body
                assert found == image.encode() * 20_000
            else:
                assert image not in acknowledged, str(response)
                assert not (state_dir / "data" / image).exists(), str(response)
        assert list((state_dir / "uploads").iterdir()) == []
    process.stop()


def test_data_above_the_configured_cap_is_refused(state_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "glimpse.conf"
    file.write_text(f"[embedded]\nimage_size_cap = {len(HALF)}\n")
    with GlimpseProcess(state_dir, arguments=["--config-file", str(file)]) as process:
        cloud = EmbeddedCloud(process)
        image = create_image(cloud)
        with half_upload(cloud, image) as upload:
            upload.sendall(b"x")
            response = read_response(upload, "PUT")
        assert response.status == 413, str(response)
        assert str(len(HALF)) in response.body.decode(), str(response)
        assert image_status(cloud, image) == "queued"
        assert stored_files(state_dir) == []
