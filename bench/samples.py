"""Samples: memory, threads and open files of processes over time, as a table and as a trend."""

import os
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

_RSS_SHARE, _RSS_MB = 0.05, 4.0  # of growth that is noise: the allocator's, and what caches hold
_MORE_THREADS = 1
_MORE_FILES = 4


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
        """What has grown from the second fifth of the time to the last, in sentences."""
        fifth = len(self.samples) // 5
        before, after = self.samples[fifth : 2 * fifth], self.samples[-fifth:]
        found = []
        was, now = (statistics.median(each.rss_mb for each in part) for part in (before, after))
        if now > was * (1 + _RSS_SHARE) + _RSS_MB:
            found.append(f"{self.name}: memory grew from {was:.1f} to {now:.1f} MB")
        for what, most in (("threads", _MORE_THREADS), ("files", _MORE_FILES)):
            was, now = (
                statistics.median(getattr(each, what) for each in part) for part in (before, after)
            )
            if now > was + most:
                found.append(f"{self.name}: {what} grew from {was:g} to {now:g}")
        return found

    def rows(self) -> Iterable[str]:
        """Rows of a table: after the warm-up, at each quarter, and at the end."""
        for place in _PLACES:
            each = self.samples[round(place * (len(self.samples) - 1))]
            yield (
                f"| {self.name} | {each.seconds:.0f} s | {each.rss_mb:.1f} "
                f"| {each.threads} | {each.files} |"
            )


_PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)


def table(processes: Sequence[Process]) -> str:
    """All processes as one table in Markdown."""
    head = ["| process | after | MB | threads | files |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(row for process in processes for row in process.rows())])
