"""TokenKeyFile: created once, replaced by operators, and never used in part."""

import errno
import logging
import os
import time
from pathlib import Path

import pytest

from glimpse.identity.embedded import token_key_file
from glimpse.identity.embedded.private_files import InvalidStateFile, write_private_file
from glimpse.identity.embedded.token_key_file import TokenKeyFile
from tests.identity.clock import ManualClock

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "token.key"


def test_missing_file_is_created_with_one_private_key(path: Path) -> None:
    created = TokenKeyFile(path)
    assert len(path.read_bytes()) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert TokenKeyFile(path).keys.signing_key_id == created.keys.signing_key_id


def test_replaced_file_is_read_at_the_next_refresh(path: Path) -> None:
    path.write_bytes(OLD)
    file = TokenKeyFile(path)
    old_keys = file.keys
    file.refresh()
    assert file.keys is old_keys
    write_private_file(path, NEW + OLD)
    file.refresh()
    assert file.keys.signing_key_id != old_keys.signing_key_id
    assert old_keys.signing_key_id in file.keys
    write_private_file(path, NEW)
    file.refresh()
    assert old_keys.signing_key_id not in file.keys


def test_refresh_reads_the_file_at_most_once_a_second(path: Path) -> None:
    clock = ManualClock()
    path.write_bytes(OLD)
    file = TokenKeyFile(path, clock)
    file.refresh_sometimes()
    keys = file.keys
    write_private_file(path, NEW + OLD)
    clock.now += 0.9
    file.refresh_sometimes()
    assert file.keys is keys
    clock.now += 0.2
    file.refresh_sometimes()
    assert file.keys is not keys


@pytest.mark.parametrize("content", [b"", b"short", NEW + b"short"])
def test_invalid_file_keeps_the_keys_in_use_and_is_logged_once(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    path.write_bytes(OLD)
    file = TokenKeyFile(path)
    keys = file.keys
    write_private_file(path, content)
    for _ in range(3):
        file.refresh()
    assert file.keys is keys
    assert caplog.text.count(str(path)) == 1
    with pytest.raises(InvalidStateFile, match=r"token\.key"):
        TokenKeyFile(path)


def test_file_that_becomes_readable_is_read_without_another_change(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(OLD)
    file = TokenKeyFile(path)
    keys = file.keys
    write_private_file(path, NEW)
    with monkeypatch.context() as patch:
        patch.setattr(token_key_file, "read_private_file", deny)
        file.refresh()
    assert file.keys is keys
    assert f"{path} cannot be read" in caplog.text
    file.refresh()
    assert file.keys is not keys


def deny(path: Path) -> bytes:
    raise PermissionError(errno.EACCES, "Permission denied", str(path))


def test_removed_file_keeps_the_keys_in_use_and_is_logged_once_a_minute(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = TokenKeyFile(path)
    keys = file.keys
    path.unlink()
    for _ in range(3):
        file.refresh()
    assert file.keys is keys
    (message,) = caplog.messages
    assert message.startswith(f"{path} cannot be read: No such file or directory. ")
    assert "Restore the file" in message


def test_file_that_becomes_unreadable_is_logged(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = TokenKeyFile(path)
    keys = file.keys
    time.sleep(0.02)  # a clock tick of the file system
    path.chmod(0)
    monkeypatch.setattr(token_key_file, "read_private_file", deny)  # root could read it
    file.refresh()
    assert file.keys is keys
    (message,) = caplog.messages
    assert message.startswith(f"{path} cannot be read: Permission denied. ")
    monkeypatch.undo()
    path.chmod(0o600)
    file.refresh()
    assert file.keys.signing_key_id == keys.signing_key_id
    assert len(caplog.messages) == 1


def test_pipe_in_place_of_the_file_keeps_the_keys_in_use(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = TokenKeyFile(path)
    keys = file.keys
    path.unlink()
    os.mkfifo(path)
    file.refresh()
    assert file.keys is keys
    assert "not a regular file" in caplog.text
