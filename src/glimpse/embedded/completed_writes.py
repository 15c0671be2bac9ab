"""complete: await a write to the catalog even if the awaiting task is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def complete(write: Coroutine[Any, Any, Result]) -> Result:
    """Return what `write` returns, also if the task is cancelled meanwhile; raise what it raises.

    A write to the catalog is made even if nobody awaits it any more. So only its own outcome says
    if the data that it refers to must be kept.
    """
    writing = asyncio.ensure_future(write)
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        return await writing
