"""An upload that a crash ended leaves nothing behind and disturbs no other upload."""

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.support.cloud import EmbeddedCloud
from tests.support.http import encode_head, read_response, request
from tests.support.process import GlimpseProcess, wait_until

SIZE, PIECE = 4 * 1024 * 1024, b"x" * 2 * 1024 * 1024  # of which the first half is sent at once
DATA_TYPE = ("Content-Type", "application/octet-stream")


def make_image(cloud: EmbeddedCloud) -> str:
    body = {"disk_format": "raw", "container_format": "bare", "visibility": "private"}
    response = cloud.request("owner", "POST", "/image/v2/images", json.dumps(body).encode())
    assert response.status == 201, str(response)
    return str(response.json()["id"])


def status(cloud: EmbeddedCloud, image: str) -> str:
    response = cloud.request("owner", "GET", f"/image/v2/images/{image}")
    assert response.status == 200, str(response)
    return str(response.json()["status"])


@contextlib.contextmanager
def half_sent(cloud: EmbeddedCloud, image: str) -> Iterator[socket.socket]:
    """An upload under way: half of the data is on the disk, under a name of its own."""
    token = cloud.token("owner") or ""
    headers = [("X-Auth-Token", token), DATA_TYPE, ("Content-Length", str(SIZE))]
    target = f"/image/v2/images/{image}/file"
    with socket.create_connection(cloud.address, timeout=20) as connection:
        connection.sendall(encode_head(cloud.address, "PUT", target, headers, b"") + PIECE)
        wait_until(lambda: f"{image}#1" in names(cloud.state_dir), "the upload to begin")
        assert status(cloud, image) == "saving"
        yield connection


def names(state_dir: Path) -> list[str]:
    """The files of image data, and of uploads under way."""
    return [path.name for name in ("data", "uploads") for path in (state_dir / name).iterdir()]


def test_an_upload_cut_off_by_a_crash_can_be_made_again(state_dir: Path) -> None:
    process = GlimpseProcess(state_dir)
    cloud = EmbeddedCloud(process)
    process.start()
    image = make_image(cloud)
    with half_sent(cloud, image):
        process.kill()
    assert f"{image}#1" in names(state_dir), "the crash left nothing that needs cleaning"
    with process:
        assert status(cloud, image) == "queued"
        assert names(state_dir) == []
        headers = [("X-Auth-Token", cloud.token("owner") or ""), DATA_TYPE]
        target = f"/image/v2/images/{image}/file"
        with socket.create_connection(cloud.address, timeout=20) as connection:
            sized = [*headers, ("Content-Length", str(len(PIECE)))]
            connection.sendall(encode_head(cloud.address, "PUT", target, sized, b"") + PIECE)
            response = read_response(connection, "PUT")
        assert response.status == 204, str(response)
        assert cloud.request("owner", "GET", target).body == PIECE


def test_a_start_does_not_undo_uploads_of_running_processes(state_dir: Path) -> None:
    with GlimpseProcess(state_dir, arguments=["--workers", "2"]) as lives:
        cloud = EmbeddedCloud(lives)
        image, lost = make_image(cloud), make_image(cloud)
        with half_sent(cloud, image) as upload:
            dies = GlimpseProcess(state_dir)
            dies.start()
            with half_sent(EmbeddedCloud(dies), lost):
                dies.kill()
            with dies:
                assert status(cloud, lost) == "queued"
                assert status(cloud, image) == "saving"
                assert f"{image}#1" in names(state_dir)
                upload.sendall(PIECE)
                response = read_response(upload, "PUT")
                assert response.status == 204, str(response)
        assert status(cloud, image) == "active"
        assert names(state_dir) == [image]
        assert cloud.request("owner", "GET", f"/image/v2/images/{image}/file").body == 2 * PIECE


def test_an_upload_of_a_worker_that_died_is_undone_by_the_next_one(state_dir: Path) -> None:
    with GlimpseProcess(state_dir, arguments=["--workers", "2"]) as process:
        cloud = EmbeddedCloud(process)
        image = make_image(cloud)
        with half_sent(cloud, image):
            for worker in process.children():
                os.kill(worker, signal.SIGKILL)
            wait_until(lambda: names(state_dir) == [], "the upload to be undone")
        assert status(cloud, image) == "queued"


def test_a_crash_leaves_no_half_image_and_loses_no_acknowledged_one(state_dir: Path) -> None:
    """Killed at any moment of uploads and deletions, 20 times; each image has data of its own."""
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
                images.append(make_image(cloud))
                data = images[-1].encode() * 20_000
                assert upload(cloud, images[-1], data) == 204
                acknowledged[images[-1]] = data
                if len(acknowledged) % 4 == 0:
                    doomed = next(iter(acknowledged))
                    data = acknowledged.pop(doomed)
                    deleted.add(doomed)  # or not: the answer may be what the crash took
                    response = cloud.request("owner", "DELETE", f"/image/v2/images/{doomed}")
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


def upload(cloud: EmbeddedCloud, image: str, data: bytes) -> int:
    headers = [("X-Auth-Token", cloud.token("owner") or ""), DATA_TYPE]
    return request(cloud.address, "PUT", f"/image/v2/images/{image}/file", headers, data).status


def test_data_above_the_configured_cap_is_refused(state_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "glimpse.conf"
    file.write_text(f"[embedded]\nimage_size_cap = {len(PIECE)}\n")
    with GlimpseProcess(state_dir, arguments=["--config-file", str(file)]) as process:
        cloud = EmbeddedCloud(process)
        image = make_image(cloud)
        with half_sent(cloud, image) as upload:
            upload.sendall(b"x")
            response = read_response(upload, "PUT")
        assert response.status == 413, str(response)
        assert str(len(PIECE)) in response.body.decode(), str(response)
        assert status(cloud, image) == "queued"
        assert names(state_dir) == []
