"""What calls to other services share."""

import asyncio
import threading

import pytest

from glimpse.upstream.waiting import retry_delay, run_in_thread


async def test_a_thread_that_starts_when_nobody_waits_any_more_does_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a machine so busy that the deadline passes first. What a thread raises is an error."""
    given_up, threads, calls = threading.Event(), list[threading.Thread](), list[str]()

    class LateThread(threading.Thread):
        def run(self) -> None:
            threads.append(self)
            given_up.wait()
            super().run()

    monkeypatch.setattr("glimpse.upstream.waiting.threading.Thread", LateThread)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await run_in_thread(lambda: calls.append("called"))
    given_up.set()
    for thread in threads:
        thread.join()
    assert calls == []


def test_pauses_grow_up_to_a_bound_and_spread_out() -> None:
    pauses = {attempt: {retry_delay(attempt) for _ in range(200)} for attempt in (1, 2, 3, 50)}
    assert max(pauses[1]) < min(pauses[3])
    assert max(pauses[50]) <= 1.0
    assert all(len(spread) > 100 for spread in pauses.values())
