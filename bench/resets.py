"""``python -m bench.resets``: time resets of a cloud for tests, in memory and on a disk.

The cloud has 40 images with data, and servers. The disk is that of --directory: name one on a slow
disk to see that resets do not wait for it. Exits with 1 if the median of a place is over 50 ms; on
a busy machine, the CPU time tells more.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from glimpse.app.embedded_options import embedded_options
from glimpse.app.reload import ReloadableApplication
from glimpse.app.testing_tools import middleware_for_tests
from glimpse.cli.running_servers import RUNNING
from glimpse.control.control_api import ControlTools
from glimpse.control.request_log import RequestLog
from glimpse.control.resettable_application import ResettableApplication
from glimpse.control.state_copies import StateCopies
from glimpse.faults.active_faults import ActiveFaults
from glimpse.files.syncing import do_without_syncing
from glimpse.identity.embedded.private_files import make_private_directory
from glimpse.seed.apply import apply_seed, read_seed
from glimpse.settings import load_settings

_IMAGES, _RESETS = 40, 100
_LIMIT = 50.0  # milliseconds of a reset
_SEED = "servers: []\nimages:\n" + "".join(
    f"  - {{name: image {number}, owner: demo, data: {{size: 64 KiB}}}}\n"
    for number in range(_IMAGES)
)
_MEMORY = Path("/dev/shm")


def main() -> int:
    """Print a line for each place of the state, and the ratio of both; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    medians = []
    for place in (_MEMORY, options.directory):
        with tempfile.TemporaryDirectory(prefix="glimpse-bench-", dir=place) as name:
            medians.append(asyncio.run(_measure(place, Path(name))))
    print(f"  disk / memory: {medians[1] / medians[0]:.2f}")
    return 0 if max(medians) <= _LIMIT else 1


async def _measure(place: Path, directory: Path) -> float:
    """Reset the cloud of `directory`; print and return the median time in milliseconds."""
    application = await _open_cloud(directory / "state")
    milliseconds = []
    used = time.process_time()
    for _ in range(_RESETS):
        began = time.perf_counter()
        await application.reset()
        milliseconds.append((time.perf_counter() - began) * 1000)
    used = (time.process_time() - used) / _RESETS * 1000
    median, most = statistics.median(milliseconds), max(milliseconds)
    print(f"{_RESETS} resets in {place}: median {median:.1f} ms, most {most:.1f} ms,")
    print(f"  {used:.1f} ms of CPU time each")
    return median


async def _open_cloud(state_dir: Path) -> ResettableApplication:
    """Make the state of the seed as ``glimpse serve --ephemeral`` does, and open it."""
    settings = load_settings()
    settings = replace(settings, server=replace(settings.server, state_dir=state_dir))
    options = embedded_options(settings)
    make_private_directory(state_dir)
    do_without_syncing(state_dir)
    seed = state_dir.with_name("seed.yaml")
    seed.write_text(_SEED)
    await apply_seed(read_seed(seed, options), state_dir, options)
    tools = ControlTools(ActiveFaults(()), RequestLog())
    application = ReloadableApplication(settings, middleware_for_tests(tools))
    controlled = ResettableApplication(
        application, 0, "token", tools, StateCopies(state_dir, RUNNING)
    )
    await controlled.reset()  # the first makes what the others share
    return controlled


if __name__ == "__main__":
    sys.exit(main())
