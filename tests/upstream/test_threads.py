"""Blocking calls in threads, from coroutines."""

import asyncio
import threading

import pytest

from glimpse.upstream.threads import run_in_thread


async def test_result_is_returned_and_exception_is_raised() -> None:
    def fail() -> None:
        raise ValueError("no")

    assert await run_in_thread(lambda: 5) == 5
    with pytest.raises(ValueError, match="no"):
        await run_in_thread(fail)


async def test_function_is_not_called_when_its_caller_is_cancelled_before_the_thread_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a busy machine, a timeout may expire before the thread runs."""
    cancelled, threads, calls = threading.Event(), list[threading.Thread](), list[str]()

    class LateThread(threading.Thread):
        def run(self) -> None:
            threads.append(self)
            cancelled.wait()
            super().run()

    monkeypatch.setattr("glimpse.upstream.threads.threading.Thread", LateThread)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await run_in_thread(lambda: calls.append("called"))
    cancelled.set()
    for thread in threads:
        thread.join()
    assert calls == []
