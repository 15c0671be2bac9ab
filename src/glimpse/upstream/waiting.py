"""Waiting: pauses between tries, threads for what blocks, one run for all who want its result."""

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0

Result = TypeVar("Result")


def retry_delay(attempt: int) -> float:
    """Seconds before the `attempt`-th retry: doubling, with jitter so that callers spread out."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
    return random.uniform(longest / 2, longest)  # noqa: S311  spreads load, keeps no secret


async def run_in_thread(function: Callable[[], Result]) -> Result:
    """Run what blocks in a thread that nobody waits for at exit.

    `asyncio.to_thread` has few threads, and a process cannot end before they do: a server that
    sends a byte a second would hold them. Whoever stops waiting leaves the thread to its end.
    """
    done: Future[Result] = Future()

    def run() -> None:
        if not done.set_running_or_notify_cancel():
            return  # nobody waits any more, and a result would have no place
        try:
            done.set_result(function())
        except BaseException as error:  # noqa: BLE001  it is raised to who waits
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(done)


class SingleFlight(Generic[Result]):
    """One run of `make` for all who join while it is under way. It keeps no result."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Result]]) -> None:
        self._make = make
        self._task: asyncio.Task[Result] | None = None

    async def join(self) -> Result:
        """What the run under way, or a new one, returns or raises."""
        if self._task is None:
            self._task = asyncio.create_task(self._make())
            self._task.add_done_callback(self._landed)
        # Shielded: whoever stops waiting does not stop it for the others.
        return await asyncio.shield(self._task)

    def _landed(self, task: asyncio.Task[Result]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # seen, even when nobody waits any more

    def close(self) -> None:
        """End the run under way."""
        if self._task is not None:
            self._task.cancel()
