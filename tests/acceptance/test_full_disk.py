"""A full disk: what cannot be kept is refused, what was acknowledged stays, and it passes."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import MEMBERS
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.http import Answer, request
from tests.support.process import GlimpseProcess

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A state directory that is a disk of three megabytes; the log is on another."""
    place = tmp_path / "state"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], check=False
    )
    if mounted.returncode:
        pytest.skip("this root may not mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def cloud(disk: Path) -> Iterator[EmbeddedCloud]:
    seed_identity(disk, MEMBERS)
    with GlimpseProcess(disk) as process:
        started = EmbeddedCloud(process)
        started.token("owner")  # it listens before it has opened its files
        yield started


class Filled:
    """While it lasts, the disk has no room left."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "filled"

    def __enter__(self) -> None:
        with self._file.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                return

    def __exit__(self, *_: object) -> None:
        self._file.unlink()


def make_image(cloud: EmbeddedCloud) -> str:
    body = {"disk_format": "raw", "container_format": "bare"}
    answer = cloud.ask("owner", "POST", "/image/v2/images", json.dumps(body).encode())
    assert answer.status == 201, str(answer)
    return str(answer.json()["id"])


def upload(cloud: EmbeddedCloud, image: str, data: bytes) -> Answer:
    headers = {
        "X-Auth-Token": cloud.token("owner") or "",
        "Content-Type": "application/octet-stream",
    }
    return request(cloud.address, "PUT", f"/image/v2/images/{image}/file", headers, data)


def set_item(cloud: EmbeddedCloud, image: str, key: str) -> Answer:
    body = json.dumps({"meta": {key: "v" * 200}}).encode()
    return cloud.ask("owner", "PUT", f"/v2.1/images/{image}/metadata/{key}", body)


def test_what_is_acknowledged_on_a_disk_that_fills_up_is_kept(
    cloud: EmbeddedCloud, disk: Path
) -> None:
    image = make_image(cloud)
    written = {}
    with (disk / "filling").open("wb", buffering=0) as filling:
        for number in range(100):  # the disk is full somewhere in the middle
            written[f"k{number}"] = set_item(cloud, image, f"k{number}").status
            try:
                filling.write(b"x" * 60_000)
            except OSError:
                continue
    assert set(written.values()) == {200, 503}, written
    (disk / "filling").unlink()
    assert set_item(cloud, image, "after").status == 200
    answer = cloud.ask("owner", "GET", f"/v2.1/images/{image}/metadata")
    kept = {key for key, status in written.items() if status == 200}
    assert set(answer.json()["metadata"]) == {*kept, "after"}, str(answer)


def test_an_upload_that_does_not_fit_leaves_nothing_and_one_that_does_succeeds(
    cloud: EmbeddedCloud, disk: Path
) -> None:
    image = make_image(cloud)
    answer = upload(cloud, image, b"x" * 5_000_000)
    assert answer.status == 413, str(answer)
    assert list((disk / "data").iterdir()) == []
    assert cloud.ask("owner", "GET", f"/image/v2/images/{image}").json()["status"] == "queued"
    with Filled(disk):
        answer = upload(cloud, image, b"x")
        assert (answer.status, answer.header("Retry-After")) == (503, "1"), str(answer)
        assert cloud.ask("owner", "GET", "/v2.1/images/detail").status == 200
    assert upload(cloud, image, b"x").status == 204


def test_who_logs_in_and_out_on_a_full_disk_is_told_what_was_done(
    cloud: EmbeddedCloud, disk: Path
) -> None:
    files = set(disk.iterdir())
    with Filled(disk):
        token = cloud.token("owner") or ""
        headers = {"X-Auth-Token": token, "X-Subject-Token": token}
        path = "/identity/v3/auth/tokens"
        revoked = request(cloud.address, "DELETE", path, headers)
        assert (revoked.status, revoked.header("Retry-After")) == (503, "1"), str(revoked)
        shown = request(cloud.address, "GET", path, headers)
        assert shown.status == 200, "it was said not to be revoked"
        user = shown.json()["token"]["user"]["id"]
        made = cloud.ask(
            "owner",
            "POST",
            f"/identity/v3/users/{user}/application_credentials",
            b'{"application_credential": {"name": "robot"}}',
        )
        assert made.status == 503, str(made)
    assert set(disk.iterdir()) == files, "a half of the identity file was left"
    assert request(cloud.address, "DELETE", path, headers).status == 204
