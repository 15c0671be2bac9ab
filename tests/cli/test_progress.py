"""Progress is a bar on a terminal, and lines elsewhere."""

import contextlib
import fcntl
import io
import os
import pty
import struct
import termios

import pytest

from glimpse.cli.progress import Progress


def test_without_a_terminal_there_is_a_line_every_ten_seconds() -> None:
    now = 0.0
    stream = io.StringIO()
    with Progress("loading", 4_000_000, "B", stream, lambda: now) as progress:
        for second in range(26):
            now = float(second)
            progress.advance_to(100_000 * second)
    assert stream.getvalue() == (
        "glimpse: loading: 1.00MB of 4.00MB, 25 %\nglimpse: loading: 2.00MB of 4.00MB, 50 %\n"
    )


def test_a_line_of_a_task_of_unknown_size_says_how_much_is_done() -> None:
    now = 0.0
    stream = io.StringIO()
    with Progress("loading", None, "B", stream, lambda: now) as progress:
        now = 10.0
        progress.advance_to(1500)
    assert stream.getvalue() == "glimpse: loading: 1.50kB\n"


@pytest.mark.parametrize("columns", [0, 60])
def test_a_terminal_shows_a_bar_also_if_its_size_is_unknown(columns: int) -> None:
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 0, columns, 0, 0))
    with os.fdopen(terminal, "w") as stream, Progress("loading", 10, " images", stream) as progress:
        progress.advance_to(10)
    printed = read_to_the_end(reader)
    last = printed.rstrip().rpartition("\r")[2]
    assert "loading: 100%|" in last, printed
    assert "█" in last, printed
    assert "10.0/10.0" in last, printed


def read_to_the_end(reader: int) -> str:
    """Return what was written to the terminal, whose other end is closed; close this one."""
    parts = []
    with open(reader, "rb", buffering=0) as terminal, contextlib.suppress(OSError):
        while part := terminal.read(10_000):  # Linux reports the end as EIO
            parts.append(part)
    return b"".join(parts).decode()
