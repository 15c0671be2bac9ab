"""Password hashes that take no time, for tests of other things than hashes."""

import hashlib
from typing import Any

import pytest

_COST = 2  # RFC 7914's N: the least that there is


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make hashes of secrets in this process a thousandth of the work; they still differ."""
    scrypt = hashlib.scrypt

    def quick_scrypt(password: bytes, *, n: int, **parameters: Any) -> bytes:
        return scrypt(password, n=min(n, _COST), **parameters)

    monkeypatch.setattr(hashlib, "scrypt", quick_scrypt)
