"""A catalog closes its connections if it cannot be opened; it refuses reads after `close`."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from glimpse.embedded.sqlite import catalog as catalog_module
from glimpse.embedded.sqlite.catalog import SQLiteCatalog
from glimpse.embedded.sqlite.schema import UnusableCatalog, open_and_migrate
from glimpse.images import Caller, ImageQuery
from glimpse.images.errors import Unavailable
from tests.support.embedded import open_images


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """The connections that catalogs have opened."""
    connections: list[sqlite3.Connection] = []

    def record(path: Path) -> sqlite3.Connection:
        connections.append(open_and_migrate(path))
        return connections[-1]

    monkeypatch.setattr(catalog_module, "open_and_migrate", record)
    return connections


def is_closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


def test_connections_are_closed_if_the_mode_of_the_file_cannot_be_set(
    tmp_path: Path, opened: list[sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(PermissionError):
        SQLiteCatalog.open(tmp_path / "catalog.sqlite")
    assert [is_closed(each) for each in opened] == [True]


def test_connections_are_closed_if_the_second_one_cannot_be_opened(
    tmp_path: Path, opened: list[sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    record: Any = vars(catalog_module)["open_and_migrate"]

    def open_first(path: Path) -> sqlite3.Connection:
        if opened:
            raise UnusableCatalog
        connection: sqlite3.Connection = record(path)
        return connection

    monkeypatch.setattr(catalog_module, "open_and_migrate", open_first)
    with pytest.raises(UnusableCatalog):
        SQLiteCatalog.open(tmp_path / "catalog.sqlite")
    assert [is_closed(each) for each in opened] == [True]


def test_connections_are_closed_if_the_file_is_removed_meanwhile(
    tmp_path: Path, opened: list[sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    record: Any = vars(catalog_module)["open_and_migrate"]

    def open_and_remove(path: Path) -> sqlite3.Connection:
        connection: sqlite3.Connection = record(path)
        if len(opened) == 2:
            path.unlink()
        return connection

    monkeypatch.setattr(catalog_module, "open_and_migrate", open_and_remove)
    with pytest.raises(FileNotFoundError):
        SQLiteCatalog.open(tmp_path / "catalog.sqlite")
    assert [is_closed(each) for each in opened] == [True, True]


def test_no_connection_is_left_if_a_directory_of_data_cannot_be_made(
    tmp_path: Path, opened: list[sqlite3.Connection]
) -> None:
    (tmp_path / "uploads").write_text("no directory")
    with pytest.raises(FileExistsError):
        open_images(tmp_path)
    assert all(is_closed(each) for each in opened)


async def test_a_read_after_close_is_unavailable_without_an_error_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = SQLiteCatalog.open(tmp_path / "catalog.sqlite")
    await catalog.close()
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(Unavailable, match="is closed"):
            await catalog.get("image", None)
        with pytest.raises(Unavailable, match="is closed"):
            await catalog.members("image")
        with pytest.raises(Unavailable, match="is closed"):
            await anext(catalog.pages(Caller("user", "project"), ImageQuery(), None))
    assert caplog.records == []
    assert catalog.problem() is None
