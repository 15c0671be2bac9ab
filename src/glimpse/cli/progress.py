"""Progress: a bar on a terminal; elsewhere, a line every ten seconds."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TextIO

from tqdm import tqdm

_INTERVAL = 10.0  # seconds between two lines
_COLUMNS = 80  # width of a terminal without a size, such as the terminal of `docker exec -t`


class Progress:
    """Shows how much of a task is done. Use it as a context manager.

    On a terminal, shows a bar, which stays after the end. Elsewhere, such as in the log of a job,
    prints a line at most every ten seconds, and nothing for a task that takes less time. `clock`
    returns seconds.
    """

    def __init__(
        self,
        task: str,
        total: int | None,
        unit: str,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with nothing done; on a terminal, show the bar.

        `task` is the name that the output shows. `total` is the size of the task in `unit`, such as
        "B"; None if the size is unknown. If `stream` is None, the output goes to standard error.
        """
        self._stream = stream or sys.stderr
        self._task, self._total, self._unit, self._clock = task, total, unit, clock
        self._shown_at = clock()
        self._bar = None
        if self._stream.isatty():
            columns = os.get_terminal_size(self._stream.fileno()).columns
            self._bar = tqdm(
                desc=task,
                total=total,
                unit=unit,
                unit_scale=True,
                file=self._stream,
                ncols=None if columns else _COLUMNS,
            )

    def advance_to(self, done: int) -> None:
        """Show that `done` of `total` units are done, counted from the beginning of the task.

        If the output is no terminal, prints a line only if the last one is at least ten seconds
        old. A line that cannot be written is lost.
        """
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        elif self._clock() - self._shown_at >= _INTERVAL:
            self._shown_at = self._clock()
            with suppress(OSError):  # a full disk need not end the task
                print(f"glimpse: {self._task}: {self._amount(done)}", file=self._stream, flush=True)

    def _amount(self, done: int) -> str:
        text = f"{tqdm.format_sizeof(done)}{self._unit}"
        if not self._total:
            return text
        total = f"{tqdm.format_sizeof(self._total)}{self._unit}"
        return f"{text} of {total}, {100 * done // self._total} %"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
