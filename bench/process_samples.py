"""Samples the memory, threads and open files of processes, and reports which have grown."""

import os
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

_RSS_SHARE, _RSS_MB = 0.05, 4.0  # growth that comes from the allocator and from caches
_MORE_THREADS = 10  # thread pools grow on demand: 6 of asyncio, 2 for hashing, 2 others
_MORE_FILES = 12  # a reader of the catalog is opened on demand, and has three


class Sample(NamedTuple):
    """Measurements of one process, `seconds` after the load began."""

    seconds: float
    rss_mb: float
    threads: int
    files: int


class Process:
    """A process and its samples."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self._pid = pid
        self.samples: list[Sample] = []

    def sample(self, seconds: float) -> None:
        """Add a sample."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        self.samples.append(
            Sample(
                seconds,
                int(fields["VmRSS"].split()[0]) / 1024,
                int(fields["Threads"]),
                len(os.listdir(f"/proc/{self._pid}/fd")),  # noqa: PTH208  names are all it takes
            )
        )

    def growth(self) -> list[str]:
        """Return a sentence for each of memory, threads and files that has grown.

        Memory: the medians of the second and the last fifth of the samples under load. Threads and
        files, whose number depends on the load: the idle process before and after it.
        """
        before, *loaded, after = self.samples
        found = []
        fifth = len(loaded) // 5
        earlier, later = (
            statistics.median(each.rss_mb for each in part)
            for part in (loaded[fifth : 2 * fifth], loaded[-fifth:])
        )
        if later > earlier * (1 + _RSS_SHARE) + _RSS_MB:
            found.append(f"{self.name}: memory grew from {earlier:.1f} to {later:.1f} MB")
        if after.threads > before.threads + _MORE_THREADS:
            found.append(f"{self.name}: threads grew from {before.threads} to {after.threads}")
        if after.files > before.files + _MORE_FILES:
            found.append(f"{self.name}: files grew from {before.files} to {after.files}")
        return found

    def rows(self) -> Iterable[str]:
        """Yield table rows: idle, at five times under load, and idle again."""
        before, *loaded, after = self.samples
        yield self._row("at rest", before)
        for share in _SHARES_OF_TIME:
            each = loaded[round(share * (len(loaded) - 1))]
            yield self._row(f"{each.seconds:.0f} s", each)
        yield self._row("at rest again", after)

    def _row(self, when: str, each: Sample) -> str:
        return f"| {self.name} | {when} | {each.rss_mb:.1f} | {each.threads} | {each.files} |"


_SHARES_OF_TIME = (0.0, 0.25, 0.5, 0.75, 1.0)


def table(processes: Sequence[Process]) -> str:
    """Return a Markdown table of all processes."""
    head = ["| process | when | MB | threads | files |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(row for process in processes for row in process.rows())])
