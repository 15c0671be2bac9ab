"""State directories without syncing: nothing that is written to them waits for the disk."""

import os
import sqlite3
from pathlib import Path

import pytest

from glimpse.app.embedded_options import embedded_options
from glimpse.embedded.servers.server_table import ServerTable
from glimpse.files.syncing import do_without_syncing, is_synced, sync_directory
from glimpse.seed.apply import apply_seed, read_seed
from glimpse.settings import load_settings
from tests.support.embedded import open_identity, open_images

OPTIONS = embedded_options(load_settings())
SEED = """
images: [{name: disk, owner: demo, data: {size: 1 KiB}}]
servers: [{name: web, project: demo, user: demo, image: disk}]
"""


class Synced:
    """Counts the calls of os.fsync, and keeps the values of PRAGMA synchronous that were set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.modes: set[str] = set()
        self._fsync, self._connect = os.fsync, sqlite3.connect
        monkeypatch.setattr(os, "fsync", self.fsync)
        monkeypatch.setattr(sqlite3, "connect", self.connect)

    def fsync(self, descriptor: int) -> None:
        self.calls += 1
        self._fsync(descriptor)

    def connect(self, *arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._connect(*arguments, **options)  # type: ignore[call-overload]  # as given
        connection.set_trace_callback(self._trace)
        return connection

    def _trace(self, statement: str) -> None:
        if statement.startswith("PRAGMA synchronous"):
            self.modes.add(statement.rpartition(" ")[2])


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Synced:
    return Synced(monkeypatch)


async def write_all(state_dir: Path) -> None:
    """Make the cloud of SEED, and open each part of it."""
    seed = state_dir.with_name("seed.yaml")
    seed.write_text(SEED)
    await apply_seed(read_seed(seed, OPTIONS), state_dir, OPTIONS)
    await open_images(state_dir).close()
    await open_identity(state_dir).close()
    ServerTable(state_dir).list(None)


async def test_a_marked_state_directory_waits_for_no_disk(tmp_path: Path, synced: Synced) -> None:
    do_without_syncing(tmp_path)
    await write_all(tmp_path)
    assert (synced.calls, synced.modes) == (0, {"OFF"})


async def test_any_other_state_directory_waits_for_the_disk(tmp_path: Path, synced: Synced) -> None:
    await write_all(tmp_path)
    assert synced.calls > 0
    assert synced.modes == {"FULL"}


def test_the_mark_of_one_directory_says_nothing_of_another(tmp_path: Path, synced: Synced) -> None:
    do_without_syncing(tmp_path)
    below = tmp_path / "below"
    below.mkdir()
    assert (is_synced(tmp_path), is_synced(below)) == (False, True)
    sync_directory(below, below)
    assert synced.calls == 1
    sync_directory(below, tmp_path)
    assert synced.calls == 1
