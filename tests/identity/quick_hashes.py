"""Fast password hashes, for tests whose subject is not the hashes."""

import hashlib
from typing import Any

import pytest

_COST = 2  # RFC 7914's N, of which 2 is the lowest


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash secrets in this process with the lowest cost of scrypt; each secret has its own."""
    scrypt = hashlib.scrypt

    def quick_scrypt(password: bytes, *, n: int, **parameters: Any) -> bytes:
        return scrypt(password, n=min(n, _COST), **parameters)

    monkeypatch.setattr(hashlib, "scrypt", quick_scrypt)
