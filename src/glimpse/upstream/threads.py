"""run_in_thread: blocking calls in daemon threads."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


async def run_in_thread(function: Callable[[], Result]) -> Result:
    """Call a blocking function in a new daemon thread; return its result or raise its error.

    If the caller is cancelled before the thread starts, the function is not called. If the caller
    is cancelled later, the function runs to its end, and its result is discarded. There is no
    timeout, and no limit to the number of threads. The function does not see the caller's context
    variables. Raises RuntimeError if the system allows no more threads.

    `asyncio.to_thread` is not used, because it has few threads, and the process waits for them at
    exit. Calls to a server that sends a byte a second would take all these threads and delay the
    exit.
    """
    future: Future[Result] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001  raised in the caller
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(future)
