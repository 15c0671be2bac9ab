"""The response times of lists by number of images, which `make bench-peers` measures.

bench/figures/lists.json has the milliseconds of each server by the number of images. The times of
nova-api were recorded once; the others are of one whole run.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.gateway_servers import Mode
from bench.timings import Timings

FILE = Path(__file__).parent / "figures" / "lists.json"
RECORDED = "nova-api"
GLANCE, API, DATABASE = "Glance", "Glimpse through Glance", "Glimpse from the database"

Figures = Mapping[str, Mapping[int, float]]
"""Milliseconds by server and number of images."""


def read_figures(file: Path = FILE) -> Figures:
    """Return the figures of a file."""
    document = json.loads(file.read_text())
    return {
        server: {int(images): float(time) for images, time in times.items()}
        for server, times in document.items()
    }


class ListFigures:
    """The figures of one run of `make bench-peers`."""

    def __init__(self) -> None:
        self._measured: dict[str, dict[int, float]] = {GLANCE: {}, API: {}, DATABASE: {}}

    def add(self, mode: Mode, images: int | None, pairs: Sequence[tuple[Timings, Timings]]) -> None:
        """Add the times of Glimpse and of Glance for a response of so many images.

        None: they are not drawn. Those of Glance are drawn as they are with its usual database.
        """
        if images is None:
            return
        glimpse, glance = (Timings.combine(side) for side in zip(*pairs, strict=True))
        self._measured[API if mode == "api" else DATABASE][images] = median(glimpse.each)
        if mode == "api":
            self._measured[GLANCE][images] = median(glance.each)

    def write(self, file: Path = FILE) -> bool:
        """Replace the measured figures of a file, and keep the recorded ones.

        Write nothing and return False unless there is a figure for each of the file: those of
        different runs cannot be compared.
        """
        known = read_figures(file)
        if any({*known[name]} != {*times} for name, times in self._measured.items()):
            return False
        figures = {**known, **self._measured}
        lines = [f"  {json.dumps(name)}: {json.dumps(_rounded(figures[name]))}" for name in known]
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        return True


def _rounded(times: Mapping[int, float]) -> dict[str, float]:
    """Return the times by number of images, with one digit below 100 ms and none above."""
    return {
        str(images): round(time, 1) if time < 100 else round(time)  # noqa: PLR2004  as documented
        for images, time in sorted(times.items())
    }
