"""Memory that a process returns to the operating system."""

import subprocess
import sys
from pathlib import Path

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess
from tests.support.resident_memory import MEGABYTE, resident_bytes

USER = Member("user", "e" * 32)
HASH_MEMORY = 16 * MEGABYTE  # the memory of scrypt


def test_a_login_returns_the_memory_of_the_password_hash(tmp_path: Path) -> None:
    seed_identity(tmp_path / "state", [USER])
    with GlimpseProcess(tmp_path / "state") as process:
        cloud = EmbeddedCloud(process)
        assert request(cloud.address, "GET", "/v2.1/images").status == 401
        before = resident_bytes(process.pid)
        assert cloud.token("user")
        grown = resident_bytes(process.pid) - before
    assert grown < HASH_MEMORY / 2, f"{grown / MEGABYTE:.0f} MB more"


FRAGMENTED_HEAP = """
import os

from glimpse.server.malloc import configure_malloc, trim_heap
from tests.support.resident_memory import resident_bytes

configure_malloc()
blocks = [bytes(100_000) for _ in range(400)]
kept = blocks[::40]
del blocks
before = resident_bytes(os.getpid())
trim_heap()
print(before - resident_bytes(os.getpid()))
"""


def test_trim_heap_returns_pages_between_used_blocks() -> None:
    command = [sys.executable, "-c", FRAGMENTED_HEAP]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(printed) > 20 * MEGABYTE
