"""BackgroundJobs: runs jobs after the responses that announced them, a bounded number at a time."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from glimpse.images.errors import Unavailable

_log = logging.getLogger(__name__)


class BackgroundJobs:
    """Runs jobs as asyncio tasks: `max_running` at a time, while `max_waiting` others wait."""

    def __init__(self, max_running: int, max_waiting: int) -> None:
        self._places = asyncio.Semaphore(max_running)
        self._max_jobs = max_running + max_waiting
        self._jobs: set[asyncio.Task[bool]] = set()
        self._prepared = 0
        self._is_closed = False

    @property
    def places(self) -> asyncio.Semaphore:
        """What a job acquires to run."""
        return self._places

    @contextlib.contextmanager
    def place_for_job(self) -> Iterator[None]:
        """Keep a place for one job, which the block may start, until the block ends.

        So requests that prepare their jobs at the same time cannot start more than there may be.
        Raises Unavailable if as many jobs run, wait and are prepared as may, and after `close`.
        """
        if self._is_closed:
            raise Unavailable("The server is stopping.")
        if len(self._jobs) + self._prepared >= self._max_jobs:
            raise Unavailable("Too many imports are waiting. Try again.", retry_after=60)
        self._prepared += 1
        try:
            yield
        finally:
            self._prepared -= 1

    def start(self, job: Coroutine[Any, Any, bool], on_end: Callable[[bool], None]) -> None:
        """Start a job, whatever their number, and call `on_end` with what it returns.

        `on_end` is called in any case, but with False if the job raises, which is logged, and if it
        is cancelled: that may be before its first statement.
        """

        def on_done(task: asyncio.Task[bool]) -> None:
            self._jobs.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                _log.error("a background job failed", exc_info=error)
            on_end(not task.cancelled() and error is None and task.result())

        task = asyncio.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(on_done)

    async def wait_until_idle(self) -> None:
        """Return when no job runs or waits."""
        while self._jobs:
            await asyncio.wait(self._jobs)

    async def close(self) -> None:
        """Cancel all jobs, and return when they have ended. None can be started afterwards."""
        self._is_closed = True
        for task in self._jobs:
            task.cancel()
        await self.wait_until_idle()
