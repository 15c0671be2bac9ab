"""Jobs run a bounded number at a time, and report how they ended, whatever happens."""

import asyncio

import pytest

from glimpse.embedded.imports.background_jobs import BackgroundJobs
from glimpse.images.errors import Unavailable


async def test_a_bounded_number_of_jobs_runs_and_waits() -> None:
    jobs, go, running, ends = BackgroundJobs(2, 1), asyncio.Event(), [0, 0], list[bool]()

    async def job() -> bool:
        async with jobs.places:
            running[0] += 1
            running[1] = max(running)
            await go.wait()
            running[0] -= 1
            return True

    for _ in range(3):
        with jobs.place_for_job():
            jobs.start(job(), ends.append)
    with pytest.raises(Unavailable), jobs.place_for_job():
        pass
    await asyncio.sleep(0)
    assert running == [2, 2]
    go.set()
    await jobs.wait_until_idle()
    assert (running[1], ends) == (2, [True, True, True])
    with jobs.place_for_job():
        pass


async def test_a_job_that_raises_is_logged_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def job() -> bool:
        raise ValueError("unforeseen")

    jobs, ends = BackgroundJobs(1, 1), list[bool]()
    jobs.start(job(), ends.append)
    await jobs.wait_until_idle()
    assert ends == [False]
    assert "unforeseen" in caplog.text


async def test_a_job_that_is_cancelled_before_its_first_statement_is_reported() -> None:
    began: list[bool] = []

    async def job() -> bool:
        began.append(True)
        return True

    jobs, ends = BackgroundJobs(1, 1), list[bool]()
    jobs.start(job(), ends.append)
    await jobs.close()
    assert (began, ends) == ([], [False])
    with pytest.raises(Unavailable), jobs.place_for_job():
        pass


async def test_closing_waits_until_cancelled_jobs_have_cleaned_up() -> None:
    ended: list[str] = []

    async def job() -> bool:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")
        return True

    jobs = BackgroundJobs(1, 1)
    jobs.start(job(), lambda is_clean: ended.append(str(is_clean)))
    await asyncio.sleep(0)
    await jobs.close()
    assert ended == ["cleaned up", "False"]
