"""SingleFlight: concurrent callers of a coroutine function share one call and its result."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class SingleFlight(Generic[Parameters, Result]):
    """Shares one call of `function` between all callers that come while it runs.

    No result is kept: the first caller after the end of a call starts a new one. For use within one
    event loop.
    """

    def __init__(self, function: Callable[Parameters, Coroutine[Any, Any, Result]]) -> None:
        self._function = function
        self._task: asyncio.Task[Result] | None = None

    def start(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> "asyncio.Task[Result]":
        """Return the task of the running call; if none is running, start one with these arguments.

        Cancelling the task cancels it for all callers.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._function(*args, **kwargs))
            self._task.add_done_callback(self._finish)
        return self._task

    async def join(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Return the result of the running call, or raise its exception.

        If none is running, start one with these arguments; otherwise they are ignored. If one
        caller is cancelled, the call goes on for the others.
        """
        return await asyncio.shield(self.start(*args, **kwargs))

    def _finish(self, task: "asyncio.Task[Result]") -> None:
        """Forget the task that has ended, so that the next caller starts a new one."""
        self._task = None
        if not task.cancelled():
            # Retrieved here, or asyncio would log the exception when no caller waits any more.
            task.exception()

    def close(self) -> None:
        """Cancel the current call, if there is one. Its callers get CancelledError."""
        if self._task is not None:
            self._task.cancel()
