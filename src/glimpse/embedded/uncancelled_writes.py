"""Wait for a write to end, even if the waiting task is cancelled."""

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def complete(write: Coroutine[Any, Any, Result]) -> Result:
    """Wait until `write` has ended. Return what `write` returns, or raise what it raises.

    If the task that waits is cancelled, `complete` still waits for the end of the write. The
    cancellation is lost: `complete` does not raise CancelledError. A second cancellation cancels
    `write`, and `complete` raises CancelledError; the catalog may still make the write.

    Use `complete` to know if the write succeeded, for example before stored data is removed. A
    cancellation alone does not say that: the catalog may make the write all the same.
    """
    writing = asyncio.ensure_future(write)
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        return await writing


async def complete_then_cancel(write: Coroutine[Any, Any, Result]) -> Result:
    """Wait until `write` has ended. Return what `write` returns, or raise what it raises.

    If the task that waits is cancelled, raises CancelledError when the write has ended, whether the
    write succeeds or fails. A second cancellation cancels `write`; the catalog may still make the
    write.

    Use this if code that runs after a cancellation must read what was written.
    """
    writing = asyncio.ensure_future(write)
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.gather(writing, return_exceptions=True)
        raise


async def complete_undoing(undoing: Awaitable[object]) -> None:
    """Wait until `undoing` has ended, however often the waiting task is cancelled.

    Raises what `undoing` raises. A cancellation of the waiting task has no effect: it raises no
    CancelledError here. So after this call, raise the error or the CancelledError because of which
    you undo. Hold a lock during this call, so that no other task makes changes meanwhile.
    """
    ending = asyncio.ensure_future(undoing)
    while not ending.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait((ending,))
    ending.result()


async def complete_clean_up(clean_up: Coroutine[Any, Any, object]) -> None:
    """Wait until `clean_up` has ended, however often the waiting task is cancelled.

    Then raises CancelledError if the task was cancelled, and otherwise what `clean_up` raises. Use
    this while the caller holds a lock that it gives up after an error.
    """
    ending = asyncio.ensure_future(clean_up)
    try:
        await asyncio.shield(ending)
    except asyncio.CancelledError:
        await complete_undoing(asyncio.gather(ending, return_exceptions=True))
        raise
