"""ProjectPlaces: limits how many jobs run at a time, and shares the places among projects."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator


class ProjectPlaces:
    """Lets at most `total` jobs run at a time, and at most `per_project` jobs of one project.

    Jobs without a project have the project id None, and count as jobs of one project. A free place
    goes to a job of the project with the fewest running jobs. If several projects have equally few,
    the job that has waited longest gets the place.
    """

    def __init__(self, total: int, per_project: int) -> None:
        self._total = total
        self._per_project = per_project
        self._running: Counter[str | None] = Counter()
        self._waiting: dict[asyncio.Future[None], str | None] = {}  # in the order of arrival

    @contextlib.asynccontextmanager
    async def place(self, project_id: str | None) -> AsyncIterator[None]:
        """Wait until a job of the project may run, and keep its place until the block ends.

        If the task is cancelled while it waits, no place is kept.
        """
        admitted = asyncio.get_running_loop().create_future()
        self._waiting[admitted] = project_id
        self._admit()
        try:
            await admitted
        except asyncio.CancelledError:
            if self._waiting.pop(admitted, self) is self:  # got its place before it was cancelled
                self._release(project_id)
            raise
        try:
            yield
        finally:
            self._release(project_id)

    def _release(self, project_id: str | None) -> None:
        self._running[project_id] -= 1
        if not self._running[project_id]:
            del self._running[project_id]
        self._admit()

    def _admit(self) -> None:
        """Give the free places to waiting jobs, in the order that ProjectPlaces describes.

        A project gets at most `per_project` places. A job that was cancelled gets no place.
        """
        while self._running.total() < self._total:
            eligible = [
                (admitted, project_id)
                for admitted, project_id in self._waiting.items()
                if not admitted.done()  # cancelled
                and self._running[project_id] < self._per_project
            ]
            if not eligible:
                return
            admitted, project_id = min(eligible, key=lambda each: self._running[each[1]])
            del self._waiting[admitted]
            self._running[project_id] += 1
            admitted.set_result(None)
