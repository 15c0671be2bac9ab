"""A catalog of a newer Glimpse is refused and left as it is."""

import sqlite3
from pathlib import Path

import pytest

from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.sqlite.schema import STEPS, NewerSchema


async def test_a_catalog_of_a_newer_glimpse_is_refused_and_left_alone(tmp_path: Path) -> None:
    await EmbeddedImageService.open(tmp_path).close()
    newer = len(STEPS) + 1
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute(f"PRAGMA user_version = {newer}")
    connection.close()
    before = (tmp_path / "catalog.sqlite").read_bytes()
    with pytest.raises(NewerSchema, match=f"schema version {newer}.*newer Glimpse"):
        EmbeddedImageService.open(tmp_path)
    assert (tmp_path / "catalog.sqlite").read_bytes() == before


async def test_the_files_are_their_owners_only(tmp_path: Path) -> None:
    state = tmp_path / "state"
    await EmbeddedImageService.open(state).close()
    modes = {path.name: path.stat().st_mode & 0o077 for path in (state, *state.iterdir())}
    assert set(modes.values()) == {0}, modes
