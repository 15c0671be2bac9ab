"""The readiness check of the embedded identity names what of its file cannot be used."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from glimpse.identity.embedded.readiness_check import check_identity


async def test_a_missing_identity_file_cannot_be_read(tmp_path: Path) -> None:
    assert await check_identity(tmp_path) == "the identity file cannot be read"
    (tmp_path / "identity.json").write_text("{}")
    assert await check_identity(tmp_path) is None


async def test_a_full_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "identity.json").write_text("{}")
    disk = SimpleNamespace(f_bavail=15, f_frsize=4096, f_files=10, f_favail=1)
    monkeypatch.setattr(os, "statvfs", lambda _: disk)
    assert await check_identity(tmp_path) == "no space is left for the identity file"
