"""`python -m tests.fuzz.run`: fuzzes clouds one after another; exits with 1 if one failed."""

import argparse
import asyncio
import os
import secrets
import shlex
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.clouds import KINDS, start
from tests.fuzz.fuzz_run import FuzzRun
from tests.peers.install import main as install_peers
from tests.support.resident_memory import MEGABYTE, resident_bytes

_SHARES = {"embedded": 0.72, "gateway": 0.1, "noauth": 0.1, "peers": 0.08}


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000, help="how many in all")
    parser.add_argument("--minutes", type=float, default=20.0, help="when to end in any case")
    parser.add_argument("--clouds", default=",".join(KINDS), help="any of " + ", ".join(KINDS))
    parser.add_argument("--connections", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2, help="processes of the embedded cloud")
    options = parser.parse_args()
    seed = os.environ.get("SEED") or str(secrets.randbelow(10**9))
    arguments = f" ARGS={shlex.quote(shlex.join(sys.argv[1:]))}" if sys.argv[1:] else ""
    print(f"seed {seed}; to repeat: make fuzz SEED={seed}{arguments}", flush=True)
    kinds = options.clouds.split(",")
    if "peers" in kinds:
        install_peers()
    shares = {kind: _SHARES[kind] / sum(_SHARES[each] for each in kinds) for kind in kinds}
    end = time.monotonic() + options.minutes * 60
    failures = 0
    for number, kind in enumerate(kinds, 1):
        seconds = (end - time.monotonic()) * (0.7 if number < len(kinds) else 1)
        count = round(options.requests * shares[kind])
        failures += _fuzz(kind, seed, count, seconds, options)
    return 1 if failures else 0


def _fuzz(kind: str, seed: str, count: int, seconds: float, options: argparse.Namespace) -> int:
    """Fuzz one cloud, print the results; return the number of failures."""
    with (
        tempfile.TemporaryDirectory() as name,
        start(kind, Path(name), workers=options.workers) as target,
    ):
        began = time.monotonic()
        process = target.cloud.process
        run = FuzzRun(target, f"{seed}:{kind}", count, seconds, options.connections)
        asyncio.run(run.run())
        took = time.monotonic() - began
        memory = {
            pid: resident_bytes(pid) // MEGABYTE for pid in (process.pid, *process.children())
        }
    slowest = run.checks.slowest
    print()
    print(f"{kind}: {run.done} requests in {took:.0f} s, slowest {slowest:.2f} s")
    print(f"resident memory at the end, MB by process: {memory}")
    if run.done < count:
        print(f"ended by its time; {count} requests were wanted")
    print(run.checks.report(), flush=True)
    return run.checks.failed


if __name__ == "__main__":
    sys.exit(main())
