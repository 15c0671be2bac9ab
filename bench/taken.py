"""Taken: what requests took, of the clock and of the processor."""

from collections.abc import Sequence
from statistics import median, quantiles
from typing import NamedTuple, Self


class Taken(NamedTuple):
    """What requests took: milliseconds of each, of all together, and of both servers' CPU."""

    each: list[float]
    failed: int
    elapsed: float
    glimpse_cpu: float
    glance_cpu: float

    @property
    def rate(self) -> float:
        """Requests answered in a second."""
        return 1000 * len(self.each) / self.elapsed

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """Several as one."""
        each = [one for part in parts for one in part.each]
        return cls(each, *(sum(values) for values in list(zip(*parts, strict=True))[1:]))

    def __str__(self) -> str:
        if len(self.each) < 2:  # noqa: PLR2004  of one there is no distribution
            return f"{'none answered':>24}"
        p95 = quantiles(self.each, n=20)[-1]
        return f"{median(self.each):8.1f}{p95:8.1f}{self.rate:8.1f}"
