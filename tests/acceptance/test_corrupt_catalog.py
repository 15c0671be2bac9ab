"""A catalog that cannot be read or written is logged, counted, and shown by readiness."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess, free_port, wait_until

USER = Member("user", "e" * 32)
PAGE = 4096  # bytes, SQLite's default


class MeasuredCloud(EmbeddedCloud):
    """A process with embedded services and metrics."""

    def __init__(self, process: GlimpseProcess, metrics_port: int) -> None:
        super().__init__(process)
        self._metrics = ("127.0.0.1", metrics_port)

    def failures(self, operation: str) -> float:
        """Return how many reads or writes of the catalog failed."""
        name = f'glimpse_catalog_errors_total{{operation="{operation}"}} '
        lines = request(self._metrics, "GET", "/metrics").body.decode().splitlines()
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    def errors(self) -> list[str]:
        """Return the lines of level ERROR in the log."""
        log = self.process.log.read_text()
        assert "Traceback" not in log, log
        return [line for line in log.splitlines() if " ERROR " in line]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[MeasuredCloud]:
    """A cloud with an image whose process is stopped."""
    port, conf = free_port(), tmp_path / "glimpse.conf"
    conf.write_text(f"[metrics]\nport = {port}\n")
    seed_identity(tmp_path / "state", [USER])
    process = GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)])
    cloud = MeasuredCloud(process, port)
    with process:
        made = cloud.request("user", "POST", "/image/v2/images", b'{"name": "one"}')
        assert made.status == 201, str(made)
    yield cloud
    process.stop()


def corrupt_the_listing(state_dir: Path) -> None:
    """Overwrite the first page of the listing index; those of the images stay as they are."""
    file = state_dir / "catalog.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        statement = "SELECT rootpage FROM sqlite_master WHERE name = 'listing'"
        (page,) = connection.execute(statement).fetchone()
    with file.open("r+b") as stream:
        stream.seek((page - 1) * PAGE)
        stream.write(b"\xff" * PAGE)


def test_a_corrupt_catalog_is_logged_once_counted_and_shown_by_readiness(
    cloud: MeasuredCloud,
) -> None:
    corrupt_the_listing(cloud.state_dir)
    cloud.process.start()
    assert request(cloud.address, "GET", "/readiness").status == 200, "it has not been noticed yet"
    for _ in range(5):
        response = cloud.request("user", "GET", "/v2.1/images")
        assert response.status == 503, str(response)
        assert str(cloud.state_dir) not in str(response), "the response contains a path"
    (line,) = cloud.errors()
    assert f"The catalog {cloud.state_dir}/catalog.sqlite cannot be read: " in line
    assert "malformed" in line
    assert cloud.failures("read") == 5
    assert cloud.failures("write") == 0
    part = read_readiness(cloud)
    assert part["ready"] is False
    assert str(part["reason"]).startswith("the catalog cannot be read: ")


def read_readiness(cloud: MeasuredCloud) -> dict[str, object]:
    """Return the part ``catalog`` of ``/readiness``, once it is not ready.

    Results are kept for a second.
    """

    def part() -> dict[str, object]:
        parts = request(cloud.address, "GET", "/readiness").json()["parts"]
        return dict(parts["catalog"])

    wait_until(lambda: part()["ready"] is False, "readiness does not show the failure")
    return part()


def test_failed_writes_are_logged_once_and_counted(cloud: MeasuredCloud) -> None:
    cloud.process.start()
    assert cloud.request("user", "GET", "/v2.1/images").status == 200  # it has opened the catalog
    file = cloud.state_dir / "catalog.sqlite"
    file.rename(cloud.state_dir / "moved")
    for _ in range(3):
        made = cloud.request("user", "POST", "/image/v2/images", b"{}")
        assert made.status == 503, str(made)
    (cloud.state_dir / "moved").rename(file)
    (line,) = cloud.errors()
    assert f"The catalog {file} cannot be written: " in line
    assert (cloud.failures("write"), cloud.failures("read")) == (3, 0)
