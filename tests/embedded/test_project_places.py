"""Jobs of several projects take turns, and none of them takes all places."""

import asyncio
import contextlib

from glimpse.embedded.project_places import ProjectPlaces


class Jobs:
    """Jobs that take a place; ``running`` has their names, which begin with their project."""

    def __init__(self, places: ProjectPlaces) -> None:
        self.running: list[str] = []
        self._places = places
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, *names: str) -> None:
        """Start jobs in this order, and return when those that have a place run."""
        for name in names:
            self._tasks[name] = asyncio.create_task(self._run(name))
        await _settle()

    async def end(self, name: str) -> None:
        """End a job, whether it runs or waits, and return when the next one runs."""
        self._tasks[name].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._tasks[name]
        await _settle()

    async def _run(self, name: str) -> None:
        async with self._places.place(name[0]):
            self.running.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                self.running.remove(name)


async def _settle() -> None:
    """Let all tasks do what they can do now."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_free_place_goes_to_the_project_with_the_fewest_running_jobs() -> None:
    jobs = Jobs(ProjectPlaces(total=3, per_project=3))
    await jobs.start("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    assert jobs.running == ["a1", "a2", "a3"]
    await jobs.end("a2")
    assert jobs.running == ["a1", "a3", "b1"]
    await jobs.end("a1")
    assert jobs.running == ["a3", "b1", "c1"]
    await jobs.end("a3")
    assert jobs.running == ["b1", "c1", "a4"]
    await jobs.end("a4")
    assert jobs.running == ["b1", "c1", "b2"]


async def test_places_beyond_the_share_of_a_project_are_kept_for_others() -> None:
    jobs = Jobs(ProjectPlaces(total=3, per_project=2))
    await jobs.start("a1", "a2", "a3")
    assert jobs.running == ["a1", "a2"]
    await jobs.start("b1", "b2")
    assert jobs.running == ["a1", "a2", "b1"]
    await jobs.end("a1")
    assert jobs.running == ["a2", "b1", "a3"]


async def test_a_job_that_ends_while_it_waits_takes_no_place() -> None:
    jobs = Jobs(ProjectPlaces(total=1, per_project=1))
    await jobs.start("a1", "a2", "a3")
    await jobs.end("a2")
    await jobs.end("a1")
    assert jobs.running == ["a3"]


async def test_a_job_that_is_cancelled_as_it_gets_a_place_passes_it_on() -> None:
    for names in (("a1", "a2"), ("a2", "a1")):  # a2 has got the place, or gets it when cancelled
        jobs = Jobs(ProjectPlaces(total=1, per_project=1))
        await jobs.start("a1", "a2", "a3")
        await asyncio.gather(*map(jobs.end, names))
        assert jobs.running == ["a3"]
