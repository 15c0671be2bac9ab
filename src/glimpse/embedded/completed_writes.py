"""complete: await a write to the catalog to its end, also if the awaiting task is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def complete(write: Coroutine[Any, Any, Result]) -> Result:
    """Return what `write` returns; raise what it raises.

    If the task that awaits this is cancelled, it waits for the end of the write all the same, and
    the cancellation is dropped: no CancelledError is raised. A second one cancels `write`.

    The catalog makes a write even if nobody awaits it any more. So after a cancellation, only the
    result of the write says if the catalog refers to its data, which must be kept then.
    """
    writing = asyncio.ensure_future(write)
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        return await writing
