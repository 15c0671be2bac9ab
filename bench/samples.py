"""Samples: memory, threads and open files of processes over time, as a table and as a trend."""

import os
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

_RSS_SHARE, _RSS_MB = 0.05, 4.0  # of growth that is noise: the allocator's, and what caches hold
_MORE_THREADS = 10  # of pools that are filled as they are used: 6 of asyncio, 2 of the hashing, 2
_MORE_FILES = 12  # a reader of the catalog is opened when it is needed, and has three


class Sample(NamedTuple):
    """What one process has at one time; `seconds` since the load began."""

    seconds: float
    rss_mb: float
    threads: int
    files: int


class Process:
    """One process and its samples."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self._pid = pid
        self.samples: list[Sample] = []

    def sample(self, seconds: float) -> None:
        """Take one more sample."""
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
        """What has grown, in sentences: memory under load, threads and files from rest to rest.

        Of memory, the medians of the second and the last fifth of the time are compared. Threads
        and files come with load, some of them ten seconds longer than it (the store's threads).
        """
        before, *loaded, after = self.samples
        found = []
        fifth = len(loaded) // 5
        was, now = (
            statistics.median(each.rss_mb for each in part)
            for part in (loaded[fifth : 2 * fifth], loaded[-fifth:])
        )
        if now > was * (1 + _RSS_SHARE) + _RSS_MB:
            found.append(f"{self.name}: memory grew from {was:.1f} to {now:.1f} MB")
        if after.threads > before.threads + _MORE_THREADS:
            found.append(f"{self.name}: threads grew from {before.threads} to {after.threads}")
        if after.files > before.files + _MORE_FILES:
            found.append(f"{self.name}: files grew from {before.files} to {after.files}")
        return found

    def rows(self) -> Iterable[str]:
        """Rows of a table: at rest, under load at its beginning, quarters and end, and at rest."""
        before, *loaded, after = self.samples
        yield self._row("at rest", before)
        for place in _PLACES:
            each = loaded[round(place * (len(loaded) - 1))]
            yield self._row(f"{each.seconds:.0f} s", each)
        yield self._row("at rest again", after)

    def _row(self, when: str, each: Sample) -> str:
        return f"| {self.name} | {when} | {each.rss_mb:.1f} | {each.threads} | {each.files} |"


_PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)


def table(processes: Sequence[Process]) -> str:
    """All processes as one table in Markdown."""
    head = ["| process | when | MB | threads | files |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(row for process in processes for row in process.rows())])
