"""`make soak`: mixed load for minutes on each kind of cloud; no process may grow.

Memory, threads and open files of each process are sampled every two seconds, and before and after
the load. Exits with 1 when one of them has grown (bench/process_samples.py has the bounds), or when
a response had a status that no client should get.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.clouds import FuzzCloud, start
from tests.fuzz.random_source import RandomSource
from tests.support.gateway import GatewayCloud

from bench.mixed_load import Load
from bench.process_samples import Process, table

_INTERVAL = 2.0  # seconds between two samples
_WARM_UP = 20.0  # seconds of load before the first sample
_REST = 15.0  # seconds after the load; idle threads of the store end after ten
_IMAGES = 300
_WORKERS = 2


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="of load on each cloud")
    parser.add_argument("--clouds", default="embedded,gateway")
    options = parser.parse_args()
    failures = []
    for kind in options.clouds.split(","):
        with (
            tempfile.TemporaryDirectory(prefix="glimpse-soak-") as name,
            start(kind, Path(name), workers=_WORKERS) as target,
        ):
            failures += asyncio.run(_soak(target, options.minutes * 60))
    print("\n".join(failures) or "no process has grown")
    return 1 if failures else 0


async def _soak(target: FuzzCloud, seconds: float) -> list[str]:
    """Put load on a cloud, print a table; return a sentence for each failure."""
    await target.renew_images(RandomSource("soak"), _IMAGES)
    load, processes = Load(target), _processes(target)
    began = time.monotonic()

    def sample() -> None:
        for process in processes:
            process.sample(time.monotonic() - began)

    sample()
    loading = asyncio.create_task(load.run(_WARM_UP + seconds))
    await asyncio.wait([loading], timeout=_WARM_UP)
    while not loading.done():
        sample()
        await asyncio.wait([loading], timeout=_INTERVAL)
    await loading
    await asyncio.sleep(_REST)
    sample()
    print(f"\n{target.kind}: {load.counts.total()} responses in {seconds + _WARM_UP:.0f} s:")
    print(", ".join(f"{status}: {count}" for status, count in sorted(load.counts.items())))
    print(f"\n{table(processes)}\n", flush=True)
    wrong = [f"{target.kind}: {count} times {each}" for each, count in load.problems.items()]
    return wrong + [each for process in processes for each in process.growth()]


def _processes(target: FuzzCloud) -> list[Process]:
    """Return all processes of a cloud: supervisors and workers of the gateway and behind it."""
    cloud = target.cloud
    servers = {target.kind: cloud.process}
    if isinstance(cloud, GatewayCloud):
        servers["behind it"] = cloud.backend.process
    found = []
    for name, server in servers.items():
        workers = server.children()
        found.append(Process(f"{name}{', supervisor' if workers else ''}", server.pid))
        found += [Process(f"{name}, worker {n}", pid) for n, pid in enumerate(workers, 1)]
    return found


if __name__ == "__main__":
    sys.exit(main())
