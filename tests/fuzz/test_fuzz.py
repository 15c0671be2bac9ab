"""5,000 random requests of the fuzzer, in parallel parts; `make fuzz` sends more.

SEED=1 make test-functional varies them; a failure prints the requests that repeat it.
"""

import os
from pathlib import Path

import pytest

from tests.fuzz.clouds import start
from tests.fuzz.fuzz_run import FuzzRun

SEED = os.environ.get("SEED", "20")
PARTS = ("embedded", "embedded", "embedded", "gateway", "noauth", "peers")
REQUESTS = 1000  # of each part


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        pytest.param(part, kind, marks=pytest.mark.peers if kind == "peers" else ())
        for part, kind in enumerate(PARTS)
    ],
)
async def test_random_requests_cause_no_server_error(part: int, kind: str, tmp_path: Path) -> None:
    with start(kind, tmp_path, workers=1) as target:
        run = FuzzRun(target, f"{SEED}:{part}", REQUESTS, seconds=60, connections=6)
        await run.run()
    assert run.done == REQUESTS
    assert not run.checks.failed, f"seed {SEED}\n{run.checks.report()}"
