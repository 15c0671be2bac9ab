"""`make plot`: draws docs/lists.svg, response times of lists in bench/figures/lists.json."""

import math
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple

from bench.list_figures import API, DATABASE, GLANCE, RECORDED, Figures, read_figures

FILE = Path(__file__).parents[1] / "docs" / "lists.svg"
_WIDTH, _HEIGHT = 840, 440  # pixels of the whole picture
_LEFT, _RIGHT, _TOP, _BOTTOM = 100, 550, 56, 376  # edges of the area within the axes
_X_TICKS = {1: "1", 10: "10", 100: "100", 1_000: "1,000", 10_000: "10,000"}
_Y_TICKS = {1: "1 ms", 10: "10 ms", 100: "100 ms", 1_000: "1 s", 10_000: "10 s", 100_000: "100 s"}
_LABEL_GAP = 20  # pixels between the base lines of two labels
_SECOND = 1_000  # milliseconds


class _Line(NamedTuple):
    """How a server is drawn: the class of its colour, the width of its line, its name."""

    colour: str
    width: float
    name: str


# Glance's line is wide, because that of the gateway in front of it is drawn on top of it.
_LINES: Mapping[str, _Line] = {
    RECORDED: _Line("nova", 2, "nova-api"),
    GLANCE: _Line("glance", 7, "Glance"),
    API: _Line("api", 2, "Glimpse through Glance"),
    DATABASE: _Line("database", 2.5, "Glimpse from the database"),
}
# With a background of its own, it is legible whether or not the page around it is dark as well.
_STYLE = """<style>
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, "DejaVu Sans", sans-serif; }
  .page { fill: #ffffff; } text { fill: #1f2328; } .tick { fill: #59636e; }
  .grid { stroke: #d8dee4; } .title { font-size: 16px; font-weight: 600; }
  .line { fill: none; stroke: currentColor; stroke-linejoin: round; stroke-linecap: round; }
  .point { fill: currentColor; } .name { fill: currentColor; font-weight: 600; }
  .nova { color: #59636e; } .glance { color: #b45309; } .api { color: #1d4ed8; }
  .database { color: #047857; } .line.glance { opacity: 0.4; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; } text { fill: #e6edf3; } .tick { fill: #9198a1; }
    .grid { stroke: #30363d; } .name { fill: currentColor; }
    .nova { color: #9198a1; } .glance { color: #f0a14a; } .api { color: #79b0ff; }
    .database { color: #3fd08b; }
  }
</style>"""


def render_plot(figures: Figures) -> str:
    """Return an SVG with a line for each server, on logarithmic axes, labelled at its end.

    The figures have to be within the ticks of the axes.
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-labelledby="title">'
    )
    title = "Time of a response, by the number of images in it"
    parts = [
        f'<title id="title">{title}: {escape(_summary(figures), quote=False)}</title>',
        _STYLE,
        f'<rect class="page" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>',
        f'<text class="title" x="{_LEFT}" y="32">{title}</text>',
        *_axes(),
        *(part for server in _LINES for part in _line(server, figures[server])),
        *_labels(figures),
    ]
    return "\n".join([head, *parts, "</svg>", ""])


def _x(images: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * math.log10(images) / math.log10(max(_X_TICKS))


def _y(milliseconds: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * math.log10(milliseconds) / math.log10(max(_Y_TICKS))


def _axes() -> Iterator[str]:
    """Yield the grid, the texts of its ticks, and the names of both axes."""
    for time, text in _Y_TICKS.items():
        y = _y(time)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_RIGHT}"/>'
        yield f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    for images, text in _X_TICKS.items():
        x = _x(images)
        yield f'<path class="grid" d="M{x:.1f} {_TOP}V{_BOTTOM}"/>'
        yield (
            f'<text class="tick" x="{x:.1f}" y="{_BOTTOM + 20}" text-anchor="middle">{text}</text>'
        )
    middle = (_LEFT + _RIGHT) / 2
    yield (
        f'<text x="{middle:.0f}" y="{_BOTTOM + 46}" text-anchor="middle">'
        "images in the response (1: show, others: list)</text>"
    )
    middle = (_TOP + _BOTTOM) / 2
    yield (
        f'<text transform="translate(26 {middle:.0f}) rotate(-90)" text-anchor="middle">'
        "time of one request</text>"
    )


def _line(server: str, times: Mapping[int, float]) -> Iterator[str]:
    """Yield the line of a server and its measured points."""
    line = _LINES[server]
    points = [(_x(images), _y(time)) for images, time in sorted(times.items())]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    yield f'<path class="line {line.colour}" stroke-width="{line.width:g}" d="M{path}"/>'
    for x, y in points:
        radius = 1.5 + line.width / 2
        yield f'<circle class="point {line.colour}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def _labels(figures: Figures) -> Iterator[str]:
    """Yield a name and a time for the end of each line, the slowest first, none over another."""
    ends = sorted(((_last(figures[server]), server) for server in _LINES), reverse=True)
    lowest = -math.inf
    for time, server in ends:
        lowest = max(_y(time) + 5, lowest + _LABEL_GAP)
        line = _LINES[server]
        yield (
            f'<text class="name {line.colour}" x="{_RIGHT + 14}" y="{lowest:.1f}">'
            f"{escape(line.name, quote=False)}: {_format_time(time)}</text>"
        )


def _last(times: Mapping[int, float]) -> float:
    return times[max(times)]


def _format_time(milliseconds: float) -> str:
    """Return a time with its unit, rounded to two digits."""
    rounded = float(f"{milliseconds:.2g}")
    return f"{rounded:g} ms" if rounded < _SECOND else f"{rounded / _SECOND:g} s"


def _summary(figures: Figures) -> str:
    """Return the times of the longest lists, for readers who do not see the picture."""
    ends = (f"{_LINES[server].name} {_format_time(_last(figures[server]))}" for server in _LINES)
    return f"for {max(_X_TICKS):,} images, {', '.join(ends)}"


def write_plot() -> None:
    """Draw the picture of the documentation anew."""
    FILE.write_text(render_plot(read_figures()))


if __name__ == "__main__":
    write_plot()
