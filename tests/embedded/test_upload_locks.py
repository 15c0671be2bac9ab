"""UploadLocks: which uploads are in progress, and which a killed process has left."""

import errno
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from glimpse.embedded.upload_locks import UploadLocks
from glimpse.images.errors import Unavailable


def test_lock_has_one_holder_until_it_is_released_or_abandoned(tmp_path: Path) -> None:
    here, there = UploadLocks(tmp_path), UploadLocks(tmp_path)
    lock = here.acquire("image")
    assert lock is not None
    assert not lock.was_abandoned
    assert there.acquire("image") is None
    assert list(there.acquire_abandoned()) == []
    lock.release()
    again = there.acquire("image")
    assert again is not None
    again.abandon()
    (left,) = here.acquire_abandoned()
    assert left.was_abandoned
    assert left.image_id == "image"
    left.release()
    assert list(there.acquire_abandoned()) == []


def test_a_lock_that_is_released_each_time_is_never_found_abandoned(tmp_path: Path) -> None:
    def count_abandoned(locks: UploadLocks) -> int:
        count = 0
        for _ in range(300):
            if (lock := locks.acquire("image")) is not None:
                count += lock.was_abandoned
                lock.release()
        return count

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(count_abandoned, [UploadLocks(tmp_path) for _ in range(8)])) == 0
    assert list(tmp_path.iterdir()) == []


def test_acquire_raises_unavailable_without_its_directory(tmp_path: Path) -> None:
    locks = UploadLocks(tmp_path / "uploads")
    lock = locks.acquire("image")
    assert lock is not None
    (tmp_path / "uploads").rename(tmp_path / "moved")
    with pytest.raises(Unavailable, match="cannot be written"):
        locks.acquire("other")
    lock.release()


def test_acquire_leaves_no_open_file_where_files_cannot_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(Unavailable):
        UploadLocks(tmp_path).acquire("image")
    descriptors = Path("/proc/self/fd").iterdir()
    assert tmp_path / "image" not in [each.readlink() for each in descriptors if each.is_symlink()]
