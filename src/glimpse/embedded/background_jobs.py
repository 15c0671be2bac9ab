"""BackgroundJobs: runs jobs in asyncio tasks. LimitedJobs limits their number."""

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
    """How many jobs of a process may run at a time, and how many more may wait.

    `project_share` is a percentage. The jobs of one project may have that percentage of
    `max_running` and of `max_waiting`, rounded down, but at least one of each.
    """

    max_running: int
    max_waiting: int
    project_share: int

    @property
    def max_running_of_project(self) -> int:
        """The most jobs of a project that run at a time: a share of `max_running`, at least 1."""
        return max(1, self.max_running * self.project_share // 100)

    @property
    def max_waiting_of_project(self) -> int:
        """The most jobs of a project that wait: a share of `max_waiting`, at least 1."""
        return max(1, self.max_waiting * self.project_share // 100)


class BackgroundJobs:
    """Runs jobs as asyncio tasks, without a limit.

    The owner of the object calls `close` at the end. ``is_closed`` is True from then on.
    """

    def __init__(self) -> None:
        self._jobs: set[asyncio.Task[bool]] = set()
        self.is_closed = False

    def start(self, job: Coroutine[Any, Any, bool], on_end: Callable[[bool], None]) -> None:
        """Start a job, and call `on_end` when the job has ended.

        `on_end` gets True only if the job returned True. If the job raises an error, the error is
        logged and `on_end` gets False. If the job is cancelled, even before its first statement,
        `on_end` gets False. From the call of `close` on, no job is started, and `on_end` gets False
        before `start` returns.
        """
        if self.is_closed:
            job.close()
            on_end(False)  # noqa: FBT003
            return

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
        """Return when no job runs, and `on_end` of every job has been called.

        Also waits for the jobs that are started during the wait.
        """
        while self._jobs:
            await asyncio.wait(self._jobs)

    async def close(self) -> None:
        """Cancel all jobs, and return when all have ended. From the call on, no job is started."""
        self.is_closed = True
        for task in self._jobs:
            task.cancel()
        await self.wait_until_idle()


class LimitedJobs:
    """Runs a limited number of jobs, such as imports, as asyncio tasks.

    Jobs without a project have the project id None, and count as jobs of one project. The owner of
    the object calls `close` at the end. There are two limits:

    - How many jobs exist. To start a job, use ``with jobs.reserve_job(project_id):`` and call
      `start` in the block.
    - How many jobs work at the same time. Each job does its work in a block of
      ``places.place(project_id)``. The job waits there until a place is free, and gives the place
      back at the end of the block.
    """

    def __init__(self, limits: JobLimits) -> None:
        self._jobs = BackgroundJobs()
        self.places = ProjectPlaces(limits.max_running, limits.max_running_of_project)
        self._max_jobs = limits.max_running + limits.max_waiting
        self._max_jobs_of_project = limits.max_running_of_project + limits.max_waiting_of_project
        self._taken: Counter[str | None] = Counter()  # rooms of each project

    @contextlib.contextmanager
    def reserve_job(self, project_id: str | None) -> Iterator[None]:
        """Reserve room for one job of a project until the block ends; start the job in the block.

        Raises Unavailable after `close`. Raises Unavailable with a `retry_after` of 60 seconds if
        the process or the project has no room. A process has room for `max_running` + `max_waiting`
        jobs. A project has room for `max_running_of_project` + `max_waiting_of_project` jobs. The
        end of the block frees the reserved room. A started job takes its own room until it ends.
        """
        if self._jobs.is_closed:
            raise Unavailable("The server is stopping.")
        if self._taken.total() >= self._max_jobs:
            raise Unavailable("Too many imports are waiting. Try again.", retry_after=60)
        if self._taken[project_id] >= self._max_jobs_of_project:
            raise Unavailable(
                "Too many imports of this project are waiting. Try again.", retry_after=60
            )
        self._taken[project_id] += 1
        try:
            yield
        finally:
            self._free_room(project_id)

    def start(
        self,
        project_id: str | None,
        job: Coroutine[Any, Any, bool],
        on_end: Callable[[bool], None],
    ) -> None:
        """Start a job of a project, whether there is room or not. Does not wait for a place.

        When the job has ended, its room is freed. Then `on_end` is called: with True if the job
        returned True, with False if the job returned False, was cancelled, or raised an error. The
        error is logged. From the call of `close` on, no job is started, and `on_end` gets False
        before `start` returns.
        """
        self._taken[project_id] += 1

        def free_room(is_done: bool) -> None:  # noqa: FBT001
            self._free_room(project_id)
            on_end(is_done)

        self._jobs.start(job, free_room)

    def _free_room(self, project_id: str | None) -> None:
        """Free the room of one job, or of one reservation, of a project."""
        self._taken -= Counter({project_id: 1})  # unlike `subtract`, removes a count of zero

    async def wait_until_idle(self) -> None:
        """Return when no job exists, and `on_end` of every job has been called.

        Also waits for the jobs that are started during the wait.
        """
        await self._jobs.wait_until_idle()

    async def close(self) -> None:
        """Cancel all jobs, and return when all have ended. From the call on, no job is started."""
        await self._jobs.close()
