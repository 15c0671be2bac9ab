"""Imports that a crash interrupted end or begin again: no image stays in status importing."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.imports import (
    files,
    import_from,
    import_staged,
    process_with_imports,
    show,
    stage,
    tasks,
    wait_for_imports,
)
from tests.acceptance.uploads import create_image
from tests.support.cloud import EmbeddedCloud
from tests.support.http import encode_head
from tests.support.process import wait_until
from tests.support.scripted_server import ScriptedServer

SMALL = b"x" * 100_000
LARGE = b"x" * 100 * 1024 * 1024  # its copy takes long enough to be interrupted
HALF = 350_000  # bytes of the data that a source sends: enough for a file to be begun
NOTHING: dict[str, set[str]] = {"data": set(), "staging": set(), "uploads": set()}


class Source(ScriptedServer):
    """A server of images: ``/{text}`` is the text, many times.

    While `is_slow`, it sends no more than HALF of the data.
    """

    def __init__(self) -> None:
        super().__init__(self._send)
        self.is_slow = False

    def _send(self, head: str) -> Iterable[bytes]:
        data = image_data(head.split()[1].strip("/"))
        yield f"HTTP/1.1 200 -\r\nContent-Length: {len(data)}\r\n\r\n".encode()
        for start in range(0, len(data), 50_000):
            yield data[start : start + 50_000]
            time.sleep(0.002)  # so that a crash comes between two pieces
            while self.is_slow and start >= HALF:
                time.sleep(0.02)

    def stop(self) -> None:
        self.is_slow = False
        super().stop()

    def url(self, image: str) -> str:
        return f"{self.base_url}/{image}"


def image_data(image: str) -> bytes:
    """Return the data that an image gets in these tests."""
    return image.encode() * 20_000


@pytest.fixture
def source() -> Iterator[Source]:
    with Source() as server:
        yield server


def begun(cloud: EmbeddedCloud, image: str) -> None:
    """Wait until the data of an image is being written."""
    wait_until(lambda: f"{image}#1" in files(cloud.state_dir)["data"], "no import has begun")


def wait_for_files(state_dir: Path, expected: dict[str, set[str]]) -> None:
    """Wait until these files are left: some are removed after an image has become active."""
    wait_until(lambda: files(state_dir) == expected, f"other files are left than {expected}")


def test_a_crash_while_data_is_staged_leaves_the_image_queued(state_dir: Path) -> None:
    process = process_with_imports(state_dir)
    cloud = EmbeddedCloud(process)
    process.start()
    image = create_image(cloud)
    token = cloud.token("owner") or ""
    headers = [("X-Auth-Token", token), ("Content-Type", "application/octet-stream")]
    headers.append(("Content-Length", str(10 * len(SMALL) * 10)))
    with socket.create_connection(cloud.address, timeout=20) as connection:
        target = f"/image/v2/images/{image}/stage"
        connection.sendall(encode_head(cloud.address, "PUT", target, headers, b"") + 5 * SMALL)
        wait_until(lambda: f"{image}#1" in files(state_dir)["staging"], "nothing is staged")
        process.kill()
    with process:
        assert (show(cloud, image) or {})["status"] == "queued"
        assert files(state_dir) == NOTHING
        assert stage(cloud, image, SMALL).status == 204


def test_staged_data_survives_a_crash(state_dir: Path) -> None:
    process = process_with_imports(state_dir)
    cloud = EmbeddedCloud(process)
    process.start()
    image = create_image(cloud)
    assert stage(cloud, image, SMALL).status == 204
    process.kill()
    with process:
        assert (show(cloud, image) or {})["status"] == "uploading"
        assert import_staged(cloud, image).status == 202
        wait_for_imports(cloud, image)
        assert (show(cloud, image) or {})["status"] == "active"
        wait_for_files(state_dir, {**NOTHING, "data": {image}})


def test_a_crash_ends_a_download(state_dir: Path, source: Source) -> None:
    process = process_with_imports(state_dir)
    cloud = EmbeddedCloud(process)
    process.start()
    image = create_image(cloud)
    source.is_slow = True
    assert import_from(cloud, image, source.url(image)).status == 202
    begun(cloud, image)
    process.kill()
    source.is_slow = False
    with process:
        shown, (task,) = show(cloud, image) or {}, tasks(cloud, image)
        assert (shown["status"], shown["os_glance_failed_import"]) == ("queued", "store")
        assert "os_glance_import_task" not in shown
        assert (task["status"], "interrupted" in task["message"]) == ("failure", True)
        assert files(state_dir) == NOTHING
        assert import_from(cloud, image, source.url(image)).status == 202
        wait_for_imports(cloud, image)
        assert (show(cloud, image) or {})["status"] == "active"


def test_a_crash_ends_an_import_of_staged_data_but_keeps_that(state_dir: Path) -> None:
    process = process_with_imports(state_dir)
    cloud = EmbeddedCloud(process)
    process.start()
    image = create_image(cloud)
    assert stage(cloud, image, LARGE).status == 204
    assert import_staged(cloud, image).status == 202
    begun(cloud, image)
    process.kill()
    with process:
        shown, (task,) = show(cloud, image) or {}, tasks(cloud, image)
        assert (shown["status"], shown["size"]) == ("uploading", len(LARGE))
        assert task["status"] == "failure"
        assert files(state_dir) == {**NOTHING, "staging": {image}}
        assert import_staged(cloud, image).status == 202
        wait_for_imports(cloud, image)
        assert (show(cloud, image) or {})["status"] == "active"
        wait_for_files(state_dir, {**NOTHING, "data": {image}})


def test_an_import_that_waited_when_the_process_crashed_begins_in_the_next_one(
    state_dir: Path, source: Source
) -> None:
    process = process_with_imports(state_dir, max_running=1)
    cloud = EmbeddedCloud(process)
    process.start()
    running, waiting = create_image(cloud), create_image(cloud)
    source.is_slow = True
    assert import_from(cloud, running, source.url(running)).status == 202
    begun(cloud, running)
    assert import_from(cloud, waiting, source.url(waiting)).status == 202
    process.kill()
    source.is_slow = False
    with process:
        wait_for_imports(cloud, waiting)
        assert (show(cloud, running) or {})["status"] == "queued"
        assert (show(cloud, waiting) or {})["status"] == "active"
        assert [task["status"] for task in tasks(cloud, waiting)] == ["success"]
        wait_for_files(state_dir, {**NOTHING, "data": {waiting}})


@pytest.mark.parametrize("is_staged", [False, True])
def test_a_stopped_process_hands_its_imports_over_to_the_next_one(
    state_dir: Path, source: Source, *, is_staged: bool
) -> None:
    process = process_with_imports(state_dir)
    cloud = EmbeddedCloud(process)
    process.start()
    image = create_image(cloud)
    if is_staged:
        assert stage(cloud, image, LARGE).status == 204
        assert import_staged(cloud, image).status == 202
    else:
        source.is_slow = True
        assert import_from(cloud, image, source.url(image)).status == 202
    begun(cloud, image)
    assert process.stop() == 0
    source.is_slow = False
    assert files(state_dir)["uploads"] == {image}
    with process:
        wait_for_imports(cloud, image)
        assert (show(cloud, image) or {})["status"] == "active"
        assert [task["status"] for task in tasks(cloud, image)] == ["success"]
        wait_for_files(state_dir, {**NOTHING, "data": {image}})
        assert "Traceback" not in process.log.read_text()


def test_a_reload_does_not_interrupt_an_import(state_dir: Path, source: Source) -> None:
    with process_with_imports(state_dir) as process:
        cloud = EmbeddedCloud(process)
        image = create_image(cloud)
        source.is_slow = True
        assert import_from(cloud, image, source.url(image)).status == 202
        begun(cloud, image)
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: "read again" in process.log.read_text(), "there was no reload")
        assert tasks(cloud, image)[0]["status"] == "processing"
        source.is_slow = False
        wait_for_imports(cloud, image)
        assert (show(cloud, image) or {})["status"] == "active"
        assert len(source.heads) == 1


def test_an_import_of_a_worker_that_died_is_ended_by_the_next_one(
    state_dir: Path, source: Source
) -> None:
    with process_with_imports(state_dir, "--workers", "2") as process:
        cloud = EmbeddedCloud(process)
        image = create_image(cloud)
        source.is_slow = True
        assert import_from(cloud, image, source.url(image)).status == 202
        begun(cloud, image)
        for worker in process.children():
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: files(state_dir) == NOTHING, "the import was not ended")
        assert (show(cloud, image) or {})["status"] == "queued"
        assert tasks(cloud, image)[0]["status"] == "failure"


def test_thirty_crashes_leave_no_image_half_imported(state_dir: Path, source: Source) -> None:
    """Kill the process at 30 moments of a sequence of imports and deletions."""
    process = process_with_imports(state_dir, max_running=2)
    cloud = EmbeddedCloud(process)
    process.start()
    images: list[str] = []
    statuses: set[str] = set()
    for kill in range(30):
        cloud.token("owner")
        killer = threading.Timer(0.02 + 0.013 * kill, process.kill)
        killer.start()
        with contextlib.suppress(OSError, ValueError, AssertionError):
            while True:
                _import_some(cloud, source, images)
        killer.join()
        process.start()
        wait_for_imports(cloud, *images)
        statuses |= _check(cloud, images)
    process.stop()
    assert {"active", "queued", "uploading", "failure", "success"} <= statuses, statuses


def _import_some(cloud: EmbeddedCloud, source: Source, images: list[str]) -> None:
    """Stage and import an image, download another, and delete one at times."""
    staged = create_image(cloud)
    images.append(staged)
    assert stage(cloud, staged, image_data(staged)).status == 204
    downloaded = create_image(cloud)
    images.append(downloaded)
    assert import_from(cloud, downloaded, source.url(downloaded)).status == 202
    assert import_staged(cloud, staged).status == 202
    if len(images) % 3 == 0:
        cloud.request("owner", "DELETE", f"/image/v2/images/{images[-1]}")
    wait_for_imports(cloud, downloaded)


def _check(cloud: EmbeddedCloud, images: list[str]) -> set[str]:
    """Fail if an image is neither whole nor empty, or a file is left; return the statuses."""
    found: set[str] = set()
    expected: dict[str, set[str]] = {"data": set(), "staging": set(), "uploads": set()}
    for image in images:
        shown = show(cloud, image)
        if shown is None:
            continue
        found |= {shown["status"], *(task["status"] for task in tasks(cloud, image))}
        assert shown["status"] in ("active", "queued", "uploading"), shown
        assert "os_glance_import_task" not in shown, shown
        if shown["status"] == "active":
            data = cloud.request("owner", "GET", f"/image/v2/images/{image}/file").body
            assert data == image_data(image), shown
            expected["data"].add(image)
        elif shown["status"] == "uploading":
            assert shown["size"] == len(image_data(image)), shown
            expected["staging"].add(image)
    wait_for_files(cloud.state_dir, expected)
    return found
