"""``glimpse dump``: what it prints can be loaded again to the same catalog."""

import errno
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from glimpse.bulk_load.loading import load
from glimpse.cli import dump
from glimpse.cli.main import main
from glimpse.embedded.sqlite.schema import MIGRATIONS
from tests.cli.errors import assert_one_line_error
from tests.embedded.images import document
from tests.support.embedded import open_images
from tests.support.process import run_glimpse

MEMBERS = [{"member_id": "a", "status": "accepted"}, {"member_id": "b", "status": "pending"}]


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A state directory with images of all kinds, also those that no list shows."""
    service = open_images(tmp_path / "state")
    images = [
        document(visibility="shared", members=MEMBERS, tags=["ä", '"'], kernel_id=None),
        document(name=None, status="deleted", owner=None, min_ram=5, os_hidden=True),
        document(status="queued", protected=True, size=None, members="a property"),
        document(visibility="private", members=MEMBERS, quote='"\\\n', size=2**62),
    ]
    await load(service, images)
    await service.close()
    return tmp_path / "state"


def rows(state: Path) -> list[list[Any]]:
    """Return all rows of the images, of their members and of the listing index."""
    with closing(sqlite3.connect(state / "catalog.sqlite")) as connection:
        names = ("images", "members", "listing", "usage")
        return [connection.execute(f"SELECT * FROM {name}").fetchall() for name in names]


@pytest.mark.parametrize("form", ["lines", "list"])
def test_a_dump_is_loaded_to_the_same_catalog(
    state: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump, "PAGE_IMAGES", 3)
    file, copy = tmp_path / "images", tmp_path / "copy"
    assert main(["dump", "--format", form, "--state-dir", str(state), str(file)]) == 0
    assert len(file.read_text().splitlines()) == (4 if form == "lines" else 2)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    done = run_glimpse("load", "--without-data", str(file), "--state-dir", str(copy))
    assert done.returncode == 0, done.stderr
    assert rows(copy) == rows(state)


def test_a_list_of_no_images_is_loaded(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert run_glimpse("load", os.devnull, "--state-dir", str(state)).returncode == 0
    done = run_glimpse("dump", "--format", "list", "--state-dir", str(state))
    assert json.loads(done.stdout) == {"images": [], "schema": "/v2/schemas/images"}
    assert done.stderr == "0 images dumped\n"


def test_lists_are_divided_before_a_line_is_too_long_to_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dump, "PAGE_BYTES", 10)
    lines = dump.list_lines([b'"12345"\n', b'"67890"\n', b'"1"\n'])
    assert [json.loads(line)["images"] for line in lines] == [["12345", "67890"], ["1"]]


def test_dump_changes_nothing_and_sees_one_moment_while_others_write(state: Path) -> None:
    before = (state / "catalog.sqlite").read_bytes()
    done = run_glimpse("dump", "--state-dir", str(state))
    assert done.stderr == "4 images dumped\n"
    assert (state / "catalog.sqlite").read_bytes() == before
    with closing(sqlite3.connect(state / "catalog.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM images")
        done = run_glimpse("dump", "--state-dir", str(state))
        writer.execute("ROLLBACK")
    assert len(done.stdout.splitlines()) == 4, done.stderr


def test_a_broken_image_is_left_out_and_the_status_is_1(state: Path) -> None:
    with closing(sqlite3.connect(state / "catalog.sqlite", isolation_level=None)) as writer:
        writer.execute("UPDATE images SET created_at = 'yesterday' WHERE name IS NULL")
    done = run_glimpse("dump", "--state-dir", str(state))
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 3
    first, last = done.stderr.splitlines()
    assert "is broken" in first
    assert last == "3 images dumped, 1 left out"


def test_dump_of_no_catalog_is_refused_and_creates_none(tmp_path: Path) -> None:
    done = run_glimpse("dump", "--state-dir", str(tmp_path / "typo"))
    assert_one_line_error(done, f"There is no catalog {tmp_path}/typo/catalog.sqlite")
    assert not (tmp_path / "typo").exists()


def test_an_error_of_the_state_directory_is_not_blamed_on_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / ("x" * 300)
    assert main(["dump", "--state-dir", str(directory)]) == 1
    assert capsys.readouterr().err == f"glimpse: File name too long: {directory}\n"


def test_dump_refuses_a_newer_catalog(state: Path) -> None:
    with closing(sqlite3.connect(state / "catalog.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    assert_one_line_error(run_glimpse("dump", "--state-dir", str(state)), "newer Glimpse")


def test_dump_ends_silently_if_nobody_reads_its_output(state: Path) -> None:
    command = [sys.executable, "-m", "glimpse", "dump", "--state-dir", str(state)]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_dump_that_fails_leaves_the_earlier_one(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "images"
    file.write_text("an earlier dump")

    def fail(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(dump, "render_image_and_members", fail)
    assert main(["dump", "--state-dir", str(state), str(file)]) == 1
    assert capsys.readouterr().err == f"glimpse: cannot write {file}: No space left on device\n"
    assert file.read_text() == "an earlier dump"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "state"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_dump_says_so_and_leaves_the_earlier_one(
    state: Path, tmp_path: Path, number: int, status: int
) -> None:
    file = tmp_path / "images"
    file.write_text("an earlier dump")
    code = (
        "import signal, sys; from glimpse.cli import dump, main;"
        f"dump.render_image_and_members = lambda *_: signal.raise_signal({number});"
        f"sys.exit(main.main(['dump', '--state-dir', {str(state)!r}, {str(file)!r}]))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    message = "glimpse: interrupted before all images were dumped; run the command again\n"
    assert (done.returncode, done.stderr) == (status, message)
    assert file.read_text() == "an earlier dump"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "state"]


def test_a_dump_keeps_the_mode_of_the_file_and_a_symbolic_link(state: Path, tmp_path: Path) -> None:
    file, link = tmp_path / "images", tmp_path / "link"
    file.touch(0o640)
    link.symlink_to(file)
    assert main(["dump", "--state-dir", str(state), str(link)]) == 0
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert len(file.read_text().splitlines()) == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to any group")
def test_a_dump_keeps_the_group_of_the_file(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "images"
    file.touch(0o640)
    os.chown(file, -1, 12345)
    assert main(["dump", "--state-dir", str(state), str(file)]) == 0
    assert (file.stat().st_gid, stat.S_IMODE(file.stat().st_mode)) == (12345, 0o640)


def test_a_dump_replaces_a_file_on_a_file_system_that_refuses_changes_of_the_group(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    file = tmp_path / "images"
    file.touch()
    monkeypatch.setattr(os, "fchown", refuse)
    assert main(["dump", "--state-dir", str(state), str(file)]) == 0
    assert len(file.read_text().splitlines()) == 4


@pytest.mark.parametrize(
    "reason", ["another owner", "a group of others", "a hard link", "write protection"]
)
def test_a_dump_writes_a_file_in_place_whose_replacement_would_change_more_than_its_content(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    file = tmp_path / "images"
    file.write_text("an earlier dump")
    match reason:
        case "another owner":
            somebody_else = os.geteuid() + 1
            monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
        case "a group of others":
            if os.geteuid() != 0:
                pytest.skip("only root may give a file to any group")
            os.chown(file, 1234, 12345)
            monkeypatch.setattr(os, "geteuid", lambda: 1234)
        case "a hard link":
            (tmp_path / "other name").hardlink_to(file)
        case _:  # not the mode of the file: root may write in spite of the mode
            monkeypatch.setattr(os, "access", lambda path, _: Path(path) != file)
    before = file.stat().st_ino
    assert main(["dump", "--state-dir", str(state), str(file)]) == 0
    assert file.stat().st_ino == before
    assert len(file.read_text().splitlines()) == 4


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_write_protected_file_is_an_error_and_stays(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "images"
    file.write_text("an earlier dump")
    file.chmod(0o444)
    assert main(["dump", "--state-dir", str(state), str(file)]) == 1
    assert capsys.readouterr().err == f"glimpse: cannot write {file}: Permission denied\n"
    assert file.read_text() == "an earlier dump"


def test_a_dump_to_a_full_device_is_an_error(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dump", "--state-dir", str(state), "/dev/full"]) == 1
    assert "cannot write /dev/full: No space left on device" in capsys.readouterr().err
