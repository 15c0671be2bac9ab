"""BackgroundJobs: runs jobs after the responses that announced them, a bounded number at a time."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from glimpse.embedded.project_places import ProjectPlaces
from glimpse.images.errors import Unavailable

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobLimits:
    """How many jobs of a process may run at a time, and how many others may wait.

    The jobs of one project get `project_share` percent of either, rounded down, but at least one.
    """

    max_running: int
    max_waiting: int
    project_share: int

    @property
    def max_running_of_project(self) -> int:
        """How many jobs of one project may run at a time."""
        return max(1, self.max_running * self.project_share // 100)

    @property
    def max_waiting_of_project(self) -> int:
        """How many jobs of one project may wait."""
        return max(1, self.max_waiting * self.project_share // 100)


class BackgroundJobs:
    """Starts jobs as asyncio tasks; refuses them beyond `limits`. Each job is one of a project.

    A job has to take one of ``places`` before it does its work, and to wait for it if none is free.
    """

    def __init__(self, limits: JobLimits) -> None:
        self.places = ProjectPlaces(limits.max_running, limits.max_running_of_project)
        self._max_jobs = limits.max_running + limits.max_waiting
        self._max_jobs_of_project = limits.max_running_of_project + limits.max_waiting_of_project
        self._jobs: dict[asyncio.Task[bool], str | None] = {}
        self._prepared: Counter[str | None] = Counter()
        self._is_closed = False

    @contextlib.contextmanager
    def place_for_job(self, project_id: str | None) -> Iterator[None]:
        """Keep a place for one job of a project until the block ends; the block may start the job.

        So requests that prepare jobs at the same time cannot start too many together. Raises
        Unavailable after `close`, and if the limit of jobs is reached, in all or of the project:
        those that run, those that wait, and those with a place kept.
        """
        if self._is_closed:
            raise Unavailable("The server is stopping.")
        if len(self._jobs) + self._prepared.total() >= self._max_jobs:
            raise Unavailable("Too many imports are waiting. Try again.", retry_after=60)
        of_project = sum(each == project_id for each in self._jobs.values())
        if of_project + self._prepared[project_id] >= self._max_jobs_of_project:
            raise Unavailable(
                "Too many imports of this project are waiting. Try again.", retry_after=60
            )
        self._prepared[project_id] += 1
        try:
            yield
        finally:
            self._prepared -= Counter({project_id: 1})  # which drops a count of zero

    def start(
        self,
        project_id: str | None,
        job: Coroutine[Any, Any, bool],
        on_end: Callable[[bool], None],
    ) -> None:
        """Start a job, and call `on_end` with what it returns. The limits are not checked.

        If the job raises, the error is logged and `on_end` gets False. It also gets False if the
        job is cancelled, even before the first statement of the job.
        """

        def on_done(task: asyncio.Task[bool]) -> None:
            self._jobs.pop(task, None)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                _log.error("a background job failed", exc_info=error)
            on_end(not task.cancelled() and error is None and task.result())

        task = asyncio.create_task(job)
        self._jobs[task] = project_id
        task.add_done_callback(on_done)

    async def wait_until_idle(self) -> None:
        """Return when no job runs or waits."""
        while self._jobs:
            await asyncio.wait(self._jobs)

    async def close(self) -> None:
        """Cancel all jobs, and return when they have ended. No place is given afterwards."""
        self._is_closed = True
        for task in self._jobs:
            task.cancel()
        await self.wait_until_idle()
