"""Private files: access of other users is removed, or it is an error."""

import os
import time
from pathlib import Path

import pytest

from glimpse.identity.embedded import private_files


def test_open_directory_is_made_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_files.make_private_directory(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_open_directory_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    somebody_else = tmp_path.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        private_files.make_private_directory(tmp_path)
    tmp_path.chmod(0o700)
    private_files.make_private_directory(tmp_path)


def test_version_of_a_file_differs_after_a_change_of_content_or_permissions(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a")
    versions = {private_files.read_file_version(file)}
    private_files.write_private_file(file, b"b")
    versions.add(private_files.read_file_version(file))
    time.sleep(0.02)  # a clock tick of the file system
    file.chmod(0)
    versions.add(private_files.read_file_version(file))
    assert len(versions) == 3
    assert private_files.read_file_version(file) in versions


def test_failed_write_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        private_files.write_private_file(tmp_path / "secret", b"half")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_replaced_leaves_no_copy_of_its_new_content(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        private_files.write_private_file(tmp_path / "file", b"secret")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_directory_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not a regular file") as failure:
        private_files.read_private_file(tmp_path)
    assert failure.value.filename == str(tmp_path)
