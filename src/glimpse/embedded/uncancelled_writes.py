"""Wait for a write to end, even if the waiting task is cancelled."""

import asyncio
from collections.abc import Coroutine
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


async def complete_undoing(
    undoing: Coroutine[Any, Any, object], undone: BaseException | None = None
) -> None:
    """Wait until `undoing` has ended, however often the waiting task is cancelled.

    `undone` is the error or the cancellation that `undoing` undoes, if there is one; the caller
    raises it afterwards. If `undone` is a CancelledError, or if the task is cancelled during the
    wait, raises CancelledError, and an error of `undoing` is lost. Otherwise raises what `undoing`
    raises. So a task that has been cancelled ends, and does not handle another error.

    Hold a lock during this call, so that no other task makes changes meanwhile.
    """
    ending = asyncio.ensure_future(undoing)
    cancellation = undone if isinstance(undone, asyncio.CancelledError) else None
    while not ending.done():
        try:
            await asyncio.wait((ending,))
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is not None:
        await asyncio.gather(ending, return_exceptions=True)  # or asyncio logs a lost error
        raise cancellation
    ending.result()
