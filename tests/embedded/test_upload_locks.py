"""Claims: who is at work on an image's data, and who was when it ended."""

from pathlib import Path

import pytest

from glimpse.embedded.upload_locks import UploadLocks
from glimpse.images.errors import Unavailable


def test_a_claim_is_one_holders_until_it_is_released(tmp_path: Path) -> None:
    here, there = UploadLocks(tmp_path), UploadLocks(tmp_path)
    claim = here.take("image")
    assert claim is not None
    assert not claim.left
    assert there.take("image") is None
    assert list(there.abandoned()) == []
    claim.release()
    again = there.take("image")
    assert again is not None
    again.abandon()
    (left,) = here.abandoned()
    assert left.left
    assert left.image_id == "image"
    left.release()
    assert list(there.abandoned()) == []


def test_a_claim_in_a_directory_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    claims = UploadLocks(tmp_path / "uploads")
    claim = claims.take("image")
    assert claim is not None
    (tmp_path / "uploads").rename(tmp_path / "moved")
    with pytest.raises(Unavailable, match="cannot be written"):
        claims.take("other")
    claim.release()
