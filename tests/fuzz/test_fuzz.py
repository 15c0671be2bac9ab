"""5,000 requests of the fuzzer, in parts that run in parallel. `make fuzz` sends more of them.

SEED=1 make test varies them; a failure prints the requests that repeat it.
"""

import os
from pathlib import Path

import pytest

from tests.fuzz.campaign import Campaign
from tests.fuzz.clouds import start

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
async def test_any_request_is_answered_without_a_server_error(
    part: int, kind: str, tmp_path: Path
) -> None:
    with start(kind, tmp_path, workers=1) as target:
        campaign = Campaign(target, f"{SEED}:{part}", REQUESTS, seconds=60, connections=6)
        await campaign.run()
    assert campaign.done == REQUESTS
    assert not campaign.judge.failed, f"seed {SEED}\n{campaign.judge.report()}"
