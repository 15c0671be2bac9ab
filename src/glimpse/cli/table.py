"""render_table: renders rows of text as a table for terminals."""

from collections.abc import Iterable, Sequence

from glimpse.telemetry.redaction import escape


def render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Return lines with the header and the rows. Two spaces separate the columns.

    Characters that are not printable are written as escapes, such as ``\n``. Each row must have as
    many cells as the header; otherwise raises ValueError.
    """
    lines = [header, *([escape(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )
