"""Readiness checks of the image service name what cannot be used of the state directory."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from glimpse.embedded.readiness_checks import check_catalog, check_data
from tests.support.embedded import open_images


@pytest.fixture
async def state_dir(tmp_path: Path) -> Path:
    """The state directory of a service that has stopped."""
    await open_images(tmp_path / "state").close()
    return tmp_path / "state"


async def test_a_usable_state_directory_has_no_problem(state_dir: Path) -> None:
    assert await check_catalog(state_dir) is None
    assert await check_data(state_dir) is None


async def test_a_catalog_that_is_no_database_is_a_problem(state_dir: Path) -> None:
    (state_dir / "catalog.sqlite").write_bytes(b"x" * 4096)
    assert await check_catalog(state_dir) == "the catalog cannot be read"


async def test_missing_files_are_named(tmp_path: Path) -> None:
    assert await check_catalog(tmp_path) == "the catalog cannot be read"
    assert await check_data(tmp_path) == "the data directory cannot be written"


@pytest.mark.parametrize(
    ("blocks", "files", "problem"),
    [
        (15, 1, "no space is left for image data"),
        (16, 0, "no file can be made for image data"),
        (16, 1, None),
    ],
)
async def test_a_full_disk_is_a_problem(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch, blocks: int, files: int, problem: str | None
) -> None:
    disk = SimpleNamespace(f_bavail=blocks, f_frsize=4096, f_files=10, f_favail=files)
    monkeypatch.setattr(os, "statvfs", lambda _: disk)
    assert await check_data(state_dir) == problem
