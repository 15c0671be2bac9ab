"""SingleFlight: concurrent callers of a coroutine function share one run and its result."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class SingleFlight(Generic[Parameters, Result]):
    """At most one run of `function` at a time. No result is kept after the run.

    For use within one event loop.
    """

    def __init__(self, function: Callable[Parameters, Coroutine[Any, Any, Result]]) -> None:
        self._function = function
        self._task: asyncio.Task[Result] | None = None

    def start(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> "asyncio.Task[Result]":
        """Return the task of the current run; start a run with these arguments if there is none.

        Cancelling the task cancels it for all callers.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._function(*args, **kwargs))
            self._task.add_done_callback(self._finish)
        return self._task

    async def join(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Return the result of the current run, or raise its exception; start a run if necessary.

        The arguments are used only if this call starts the run. Cancelling a caller does not cancel
        the run.
        """
        return await asyncio.shield(self.start(*args, **kwargs))

    def _finish(self, task: "asyncio.Task[Result]") -> None:
        self._task = None
        if not task.cancelled():
            # Retrieved here, or asyncio would log the exception when no caller waits any more.
            task.exception()

    def close(self) -> None:
        """Cancel the current run."""
        if self._task is not None:
            self._task.cancel()
