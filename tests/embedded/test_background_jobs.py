"""Jobs run a bounded number at a time, and report how they ended, whatever happens."""

import asyncio

import pytest

from glimpse.embedded.background_jobs import BackgroundJobs, JobLimits, LimitedJobs
from glimpse.images.errors import Unavailable

ONE = JobLimits(max_running=1, max_waiting=1, project_share=100)


async def test_a_bounded_number_of_jobs_runs_and_waits() -> None:
    jobs, go, running, ends = (
        LimitedJobs(JobLimits(2, 1, 100)),
        asyncio.Event(),
        [0, 0],
        list[bool](),
    )

    async def job() -> bool:
        async with jobs.places.place("p"):
            running[0] += 1
            running[1] = max(running)
            await go.wait()
            running[0] -= 1
            return True

    for _ in range(3):
        with jobs.reserve_job("p"):
            jobs.start("p", job(), ends.append)
    with pytest.raises(Unavailable), jobs.reserve_job("p"):
        pass
    await asyncio.sleep(0)
    assert running == [2, 2]
    go.set()
    await jobs.wait_until_idle()
    assert (running[1], ends) == (2, [True, True, True])
    with jobs.reserve_job("p"):
        pass


async def test_a_project_gets_its_share_of_the_places_and_others_the_rest() -> None:
    jobs, go = (
        LimitedJobs(JobLimits(max_running=4, max_waiting=2, project_share=50)),
        asyncio.Event(),
    )

    async def job() -> bool:
        return await go.wait()

    for _ in range(2):
        with jobs.reserve_job("p"):
            jobs.start("p", job(), lambda _: None)
    with jobs.reserve_job("p"):  # prepared, but not started
        with pytest.raises(Unavailable, match="of this project"), jobs.reserve_job("p"):
            pass
        for project_id in ("q", "q", None):
            with jobs.reserve_job(project_id):
                jobs.start(project_id, job(), lambda _: None)
        with pytest.raises(Unavailable, match="imports are waiting"), jobs.reserve_job(None):
            pass
    go.set()
    await jobs.wait_until_idle()
    with jobs.reserve_job("p"):
        pass


def test_a_project_may_have_a_job_that_runs_and_one_that_waits_whatever_its_share() -> None:
    limits = JobLimits(max_running=2, max_waiting=3, project_share=1)
    assert (limits.max_running_of_project, limits.max_waiting_of_project) == (1, 1)


async def test_a_job_that_raises_is_logged_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def job() -> bool:
        raise ValueError("unforeseen")

    jobs, ends = LimitedJobs(ONE), list[bool]()
    jobs.start("p", job(), ends.append)
    await jobs.wait_until_idle()
    assert ends == [False]
    assert "unforeseen" in caplog.text


async def test_a_job_that_is_cancelled_before_its_first_statement_is_reported() -> None:
    began: list[bool] = []

    async def job() -> bool:
        began.append(True)
        return True

    jobs, ends = LimitedJobs(ONE), list[bool]()
    jobs.start("p", job(), ends.append)
    await jobs.close()
    assert (began, ends) == ([], [False])
    with pytest.raises(Unavailable), jobs.reserve_job("p"):
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

    jobs = LimitedJobs(ONE)
    jobs.start("p", job(), lambda is_clean: ended.append(str(is_clean)))
    await asyncio.sleep(0)
    await jobs.close()
    assert ended == ["cleaned up", "False"]


async def test_a_job_is_not_started_after_closing() -> None:
    began, ends = list[bool](), list[bool]()

    async def job() -> bool:
        began.append(True)
        return True

    jobs = BackgroundJobs()
    await jobs.close()
    jobs.start(job(), ends.append)
    assert ends == [False]
    await jobs.wait_until_idle()
    assert (began, ends) == ([], [False])


async def test_a_reservation_that_closing_overtakes_starts_no_job() -> None:
    began, ends = list[bool](), list[bool]()

    async def job() -> bool:
        began.append(True)
        return True

    jobs = LimitedJobs(ONE)
    with jobs.reserve_job("p"):
        await jobs.close()
        jobs.start("p", job(), ends.append)
    await jobs.wait_until_idle()
    assert (began, ends) == ([], [False])
