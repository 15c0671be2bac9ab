"""A full disk: writes fail, acknowledged ones are kept, and writes work again with space."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import MEMBERS
from tests.acceptance.uploads import create_image, upload
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess, wait_until


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The mount point of a disk of three megabytes for the state; the log is elsewhere."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
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


class FullDisk:
    """A context manager: fills the disk, and frees the space at the end."""

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


def set_item(cloud: EmbeddedCloud, image: str, key: str) -> Response:
    body = json.dumps({"meta": {key: "v" * 200}}).encode()
    return cloud.request("owner", "PUT", f"/v2.1/images/{image}/metadata/{key}", body)


def test_acknowledged_writes_survive_a_disk_that_fills_up(cloud: EmbeddedCloud, disk: Path) -> None:
    image = create_image(cloud)
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
    response = cloud.request("owner", "GET", f"/v2.1/images/{image}/metadata")
    kept = {key for key, status in written.items() if status == 200}
    assert set(response.json()["metadata"]) == {*kept, "after"}, str(response)


def test_an_upload_that_does_not_fit_is_undone_and_one_that_fits_succeeds(
    cloud: EmbeddedCloud, disk: Path
) -> None:
    image = create_image(cloud)
    response = upload(cloud, image, b"x" * 5_000_000)
    assert response.status == 413, str(response)
    assert list((disk / "data").iterdir()) == []
    assert cloud.request("owner", "GET", f"/image/v2/images/{image}").json()["status"] == "queued"
    with FullDisk(disk):
        response = upload(cloud, image, b"x")
        assert (response.status, response.header("Retry-After")) == (503, "1"), str(response)
        assert cloud.request("owner", "GET", "/v2.1/images/detail").status == 200
    assert upload(cloud, image, b"x").status == 204


def test_logins_and_logouts_on_a_full_disk_succeed_or_are_503(
    cloud: EmbeddedCloud, disk: Path
) -> None:
    files = set(disk.iterdir())
    with FullDisk(disk):
        token = cloud.token("owner") or ""
        headers = {"X-Auth-Token": token, "X-Subject-Token": token}
        path = "/identity/v3/auth/tokens"
        revoked = request(cloud.address, "DELETE", path, headers)
        assert (revoked.status, revoked.header("Retry-After")) == (503, "1"), str(revoked)
        shown = request(cloud.address, "GET", path, headers)
        assert shown.status == 200, "the response said that the token is not revoked"
        user = shown.json()["token"]["user"]["id"]
        made = cloud.request(
            "owner",
            "POST",
            f"/identity/v3/users/{user}/application_credentials",
            b'{"application_credential": {"name": "robot"}}',
        )
        assert made.status == 503, str(made)
    assert set(disk.iterdir()) == files, "a half of the identity file was left"
    assert request(cloud.address, "DELETE", path, headers).status == 204


def readiness(cloud: EmbeddedCloud) -> tuple[int, dict[str, str | None]]:
    """Return the status of ``/readiness``, and for each part why it is not ready."""
    response = request(cloud.address, "GET", "/readiness")
    parts = response.json()["parts"]
    return response.status, {name: part.get("reason") for name, part in parts.items()}


def wait_for_readiness(cloud: EmbeddedCloud, *, ready: bool) -> dict[str, str | None]:
    """Wait until ``/readiness``, which is cached for a second, is 200 or 503.

    Returns for each part why it is not ready.
    """
    status = 200 if ready else 503
    wait_until(lambda: readiness(cloud)[0] == status, f"readiness never was {status}")
    return readiness(cloud)[1]


def test_readiness_names_a_full_disk_and_one_line_is_logged(
    cloud: EmbeddedCloud, disk: Path
) -> None:
    image = create_image(cloud)
    assert upload(cloud, image, b"data").status == 204
    other = create_image(cloud)
    wait_for_readiness(cloud, ready=True)
    with FullDisk(disk):
        reasons = wait_for_readiness(cloud, ready=False)
        assert reasons == {
            "healthcheck": None,
            "catalog": "no space is left for the catalog",
            "data": "no space is left for image data",
            "identity": "no space is left for the identity file",
        }
        statuses = {set_item(cloud, image, f"k{number}").status for number in range(40)}
        assert 503 in statuses
        assert {upload(cloud, other, b"x" * 200_000).status for _ in range(20)} <= {413, 503}
        for path in ("/v2.1/images/detail", f"/image/v2/images/{image}/file"):
            assert cloud.request("owner", "GET", path).status == 200
    wait_for_readiness(cloud, ready=True)
    assert set_item(cloud, image, "after").status == 200
    assert upload(cloud, other, b"x" * 2000).status == 204
    log = cloud.process.log.read_text()
    errors = [line for line in log.split("\n") if " ERROR " in line]
    assert 1 <= len(errors) <= 3, "one line a minute for the catalog, for data, and for uploads"
    assert "Traceback" not in log


def test_writes_without_a_state_directory_are_503(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    seed_identity(state, MEMBERS)
    with GlimpseProcess(state) as process:
        cloud = EmbeddedCloud(process)
        image, other = create_image(cloud), create_image(cloud)
        assert upload(cloud, image, b"data").status == 204
        state.rename(tmp_path / "moved")
        reasons = wait_for_readiness(cloud, ready=False)
        assert reasons == {
            "healthcheck": None,
            "catalog": "the catalog cannot be read",
            "data": "the data directory cannot be written",
            "identity": "the identity file cannot be read",
        }
        for number in range(5):
            response = set_item(cloud, image, f"k{number}")
            assert (response.status, response.header("Retry-After")) == (503, "1"), str(response)
            assert str(tmp_path) not in str(response), "the response contains a path"
            deleted = cloud.request("owner", "DELETE", f"/v2.1/images/{image}")
            for write in (deleted, upload(cloud, other, b"data")):
                assert write.status == 503, str(write)
                assert str(tmp_path) not in str(write)
        made = cloud.request("owner", "POST", "/image/v2/images", b"{}")
        assert made.status == 503, str(made)
        assert cloud.request("owner", "GET", "/v2.1/images/detail").status == 200
        assert cloud.request("owner", "GET", f"/image/v2/images/{image}/file").status == 503
        (tmp_path / "moved").rename(state)
        wait_for_readiness(cloud, ready=True)
        assert set_item(cloud, image, "after").status == 200
        assert upload(cloud, other, b"data").status == 204
        assert cloud.request("owner", "GET", f"/image/v2/images/{image}/file").body == b"data"
        log = process.log.read_text()
        assert "Traceback" not in log
        assert len([line for line in log.split("\n") if " ERROR " in line]) <= 4
        kept = cloud.request("owner", "GET", f"/v2.1/images/{image}/metadata").json()["metadata"]
        assert set(kept) == {"after"}


def test_a_data_directory_that_disappears_is_not_created_again(tmp_path: Path) -> None:
    state = tmp_path / "state"
    seed_identity(state, MEMBERS)
    with GlimpseProcess(state) as process:
        cloud = EmbeddedCloud(process)
        image, other = create_image(cloud), create_image(cloud)
        assert upload(cloud, image, b"data").status == 204
        (state / "data").rename(tmp_path / "unmounted")
        assert upload(cloud, other, b"data").status == 503
        assert not (state / "data").exists()
        assert cloud.request("owner", "GET", f"/image/v2/images/{image}/file").status == 503
        (tmp_path / "unmounted").rename(state / "data")
        assert cloud.request("owner", "GET", f"/image/v2/images/{image}/file").body == b"data"
        assert upload(cloud, other, b"data").status == 204
