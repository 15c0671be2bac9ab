"""Revocations are kept until their tokens expire, and apply in all processes."""

import sqlite3
from pathlib import Path

import pytest

from glimpse.identity.embedded.revocations import Revocations
from glimpse.identity.service import IdentityUnavailable
from tests.identity.clock import ManualClock


def test_revocation_is_seen_through_every_open_file(tmp_path: Path) -> None:
    first, second = (Revocations(tmp_path / "revocations.sqlite") for _ in range(2))
    generation = second.generation()
    first.revoke("a", 4e9)
    assert second.generation() != generation
    assert second.is_revoked(("x", "a"))
    assert not second.is_revoked(("x",))
    first.close()
    second.close()
    reopened = Revocations(tmp_path / "revocations.sqlite")
    assert reopened.is_revoked(("a",))
    reopened.close()


def test_expired_revocation_is_deleted_by_the_next(tmp_path: Path) -> None:
    clock = ManualClock()
    revocations = Revocations(tmp_path / "revocations.sqlite", clock)
    revocations.revoke("old", clock.now + 10)
    clock.now += 11
    revocations.revoke("new", clock.now + 10)
    with sqlite3.connect(tmp_path / "revocations.sqlite") as database:
        assert database.execute("SELECT audit_id FROM revoked").fetchall() == [("new",)]
    database.close()
    revocations.close()


def test_file_that_is_no_database_makes_identity_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "revocations.sqlite"
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(IdentityUnavailable):
        Revocations(path)
