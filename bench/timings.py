"""Timings: response times and CPU times of a number of requests."""

from collections.abc import Sequence
from statistics import median, quantiles
from typing import NamedTuple, Self


class Timings(NamedTuple):
    """Milliseconds: response times, elapsed time of all, and CPU of both servers."""

    each: list[float]
    failed: int
    elapsed: float
    glimpse_cpu: float
    glance_cpu: float

    @property
    def rate(self) -> float:
        """Responses per second."""
        return 1000 * len(self.each) / self.elapsed

    @classmethod
    def combine(cls, parts: Sequence[Self]) -> Self:
        """Return the timings of several runs as those of one."""
        each = [one for part in parts for one in part.each]
        return cls(each, *(sum(values) for values in list(zip(*parts, strict=True))[1:]))

    def __str__(self) -> str:
        if len(self.each) < 2:  # noqa: PLR2004  quantiles need two
            return f"{'no response':>24}"
        p95 = quantiles(self.each, n=20)[-1]
        return f"{median(self.each):8.1f}{p95:8.1f}{self.rate:8.1f}"
