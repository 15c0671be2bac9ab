"""Memory that a process has used once and does not keep."""

from pathlib import Path

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.memory import MEGABYTE, resident_bytes
from tests.support.process import GlimpseProcess

USER = Member("user", "e" * 32)
OF_A_HASH = 16 * MEGABYTE


def test_the_memory_of_a_password_hash_is_returned(tmp_path: Path) -> None:
    seed_identity(tmp_path / "state", [USER])
    with GlimpseProcess(tmp_path / "state") as process:
        cloud = EmbeddedCloud(process)
        assert request(cloud.address, "GET", "/v2.1/images").status == 401
        before = resident_bytes(process.pid)
        assert cloud.token("user")
        grown = resident_bytes(process.pid) - before
    assert grown < OF_A_HASH / 2, f"{grown / MEGABYTE:.0f} MB more"
