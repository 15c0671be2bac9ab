"""SingleFlight: concurrent callers of a coroutine function share one call and its result."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class SingleFlight(Generic[Parameters, Result]):
    """Shares one call of `function` between all callers that come while the call runs.

    No result is kept. The first caller after the end of a call starts a new call. Use a
    SingleFlight within one event loop. `close` cancels the running call.
    """

    def __init__(self, function: Callable[Parameters, Coroutine[Any, Any, Result]]) -> None:
        self._function = function
        self._task: asyncio.Task[Result] | None = None

    def start(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> "asyncio.Task[Result]":
        """Return the task of the running call. If no call runs, start one with these arguments.

        Cancelling the task cancels the call for all callers.
        """
        if self._task is None or self._task.done():  # has ended, and _finish has not yet run
            self._task = asyncio.create_task(self._function(*args, **kwargs))
            self._task.add_done_callback(self._finish)
        return self._task

    async def join(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Return the result of the running call, or raise its exception.

        If no call runs, starts one with these arguments. If a call runs, the arguments are ignored.
        If a caller is cancelled, the call goes on, even if there is no other caller.
        """
        return await asyncio.shield(self.start(*args, **kwargs))

    def _finish(self, task: "asyncio.Task[Result]") -> None:
        """Forget `task`, which has ended, unless a newer call has replaced it already.

        An exception of the task is not logged, even if no caller waits for it.
        """
        if self._task is task:
            self._task = None
        if not task.cancelled():
            # Without this, asyncio would log the exception if no caller waits any more.
            task.exception()

    def close(self) -> None:
        """Cancel the running call, if there is one. `join` raises CancelledError in its callers.

        Call neither `start` nor `join` afterwards.
        """
        if self._task is not None:
            self._task.cancel()
