"""The catalog file: its settings, its permissions and its migrations."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from glimpse.embedded.sqlite.catalog_export import CatalogExport
from glimpse.embedded.sqlite.schema import (
    MIGRATIONS,
    NewerSchema,
    UnusableCatalog,
    open_and_migrate,
    read_summary,
)
from glimpse.images import DateBound, ImageQuery
from tests.embedded.images import CREATED, OWNER, listed, make
from tests.support.embedded import open_images


async def test_catalog_of_a_newer_schema_is_refused_and_unchanged(tmp_path: Path) -> None:
    await open_images(tmp_path).close()
    newer = len(MIGRATIONS) + 1
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute(f"PRAGMA user_version = {newer}")
    connection.close()
    before = (tmp_path / "catalog.sqlite").read_bytes()
    with pytest.raises(NewerSchema, match=f"schema version {newer}.*newer Glimpse"):
        open_images(tmp_path)
    assert (tmp_path / "catalog.sqlite").read_bytes() == before


def test_connection_syncs_each_commit(tmp_path: Path) -> None:
    with closing(open_and_migrate(tmp_path / "catalog.sqlite")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        full = 2  # in WAL mode, a lower level may lose commits if the machine crashes
        assert connection.execute("PRAGMA synchronous").fetchone() == (full,)


async def test_files_are_private_to_their_owner(tmp_path: Path) -> None:
    state = tmp_path / "state"
    await open_images(state).close()
    modes = {path.name: path.stat().st_mode & 0o077 for path in (state, *state.iterdir())}
    assert set(modes.values()) == {0}, modes


async def test_migration_keeps_the_images_of_an_older_catalog(tmp_path: Path) -> None:
    service = open_images(tmp_path)
    image_id = await make(service, size=5)
    await make(service, visibility="private", status="deactivated", os_hidden=True, size=2**63 - 1)
    await make(service, status="saving", os_hidden=True)
    await make(service, status="killed", size=3)
    await make(service, status="importing", owner="other", size=7)
    await make(service, owner=None)
    await service.close()
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("DROP INDEX images_by_change")
    connection.execute("DROP TABLE tasks")
    connection.execute("DROP TABLE usage")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    again = open_images(tmp_path)
    since = ImageQuery(updated_at=DateBound("gte", CREATED))
    assert await listed(again, OWNER, since) == [image_id]
    await again.close()
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        usage = connection.execute("SELECT * FROM usage ORDER BY owner").fetchall()
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT 1 FROM images WHERE updated_at >= ?", (CREATED,)
        ).fetchall()
    assert "images_by_change" in plan[0][-1], plan
    assert usage == [("other", 1, 0, 7, 1), ("owner", 3, 2**43 + 5, 0, 1)]


def test_a_catalog_whose_name_is_too_long_is_unusable_and_not_missing(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300) / "catalog.sqlite"
    with pytest.raises(UnusableCatalog, match="cannot be opened: File name too long"):
        read_summary(path)
    with pytest.raises(UnusableCatalog, match="cannot be opened: File name too long"):
        CatalogExport(path)


def test_a_catalog_below_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert read_summary(tmp_path / "file" / "catalog.sqlite") == (0, 0)
