"""while_connected: cancels the work for a request when its client disconnects."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from glimpse.http.bodies import ClientDisconnected

Result = TypeVar("Result")


async def while_connected(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of `work`; cancel `work` if the client disconnects first.

    Read the request's body before this call: only then does `receive` wait for the client to
    disconnect. Raises what `work` raises. Raises ClientDisconnected if the client disconnects
    before `work` has ended. If the caller is cancelled, `work` is cancelled, too. In all cases,
    `work` has ended when this function returns or raises.
    """
    task = asyncio.ensure_future(work)
    disconnected = asyncio.ensure_future(receive())
    try:
        await asyncio.wait((task, disconnected), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnected
        return task.result()
    finally:
        disconnected.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
