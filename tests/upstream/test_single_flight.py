"""SingleFlight: concurrent callers share one call."""

import asyncio

import pytest

from glimpse.upstream.single_flight import SingleFlight


class SlowFunction:
    """A function that waits for `ready`, then returns its argument or fails. Counts its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.ready = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, name: str) -> str:
        self.calls.append(name)
        await self.ready.wait()
        if self.error:
            raise self.error
        return name


async def test_callers_share_one_run_and_the_next_caller_starts_another() -> None:
    function = SlowFunction()
    flight = SingleFlight(function)
    callers = [asyncio.create_task(flight.join(name)) for name in "abc"]
    await asyncio.sleep(0)
    function.ready.set()
    assert await asyncio.gather(*callers) == ["a", "a", "a"]
    assert await flight.join("d") == "d"
    assert function.calls == ["a", "d"]


async def test_a_caller_in_the_same_turn_of_the_event_loop_as_the_end_starts_another_call() -> None:
    function = SlowFunction()
    function.ready.set()
    flight = SingleFlight(function)
    ended = flight.start("a")
    await asyncio.sleep(0)  # the call has ended, but its callback has not run
    assert ended.done()
    assert await flight.join("b") == "b"
    assert function.calls == ["a", "b"]


async def test_all_callers_get_the_exception_of_the_run() -> None:
    function = SlowFunction()
    function.error = ValueError("no")
    function.ready.set()
    flight = SingleFlight(function)
    results = await asyncio.gather(flight.join("a"), flight.join("b"), return_exceptions=True)
    assert set(results) == {function.error}
    assert function.calls == ["a"]


async def test_cancelled_caller_does_not_cancel_the_run() -> None:
    function = SlowFunction()
    flight = SingleFlight(function)
    impatient, patient = (asyncio.create_task(flight.join(name)) for name in "ab")
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    function.ready.set()
    assert await patient == "a"
    assert impatient.cancelled()


async def test_close_cancels_the_run() -> None:
    flight = SingleFlight(SlowFunction())
    caller = asyncio.create_task(flight.join("a"))
    await asyncio.sleep(0)
    flight.close()
    with pytest.raises(asyncio.CancelledError):
        await caller
