"""Delays: the delays of image data by rules with ``saving_for``, which a reset ends."""

import asyncio
import contextlib


class Delays:
    """The delays before image data is stored. `end` ends all of them, and prevents new ones."""

    def __init__(self) -> None:
        self.are_ended = False
        self._ended = asyncio.Event()
        self._uploads: set[asyncio.Task[None]] = set()

    async def wait(self, seconds: float) -> None:
        """Wait for `seconds`, or until `end` is called. Return at once after `end`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    def add_upload(self, task: asyncio.Task[None]) -> None:
        """Register the task of an upload, so that `end` cancels the task.

        Call this method when the client of the upload has its response. If `end` was called before,
        the task is cancelled at once.
        """
        self._uploads.add(task)
        task.add_done_callback(self._uploads.discard)
        if self.are_ended:
            task.cancel()

    def end(self) -> None:
        """Make all calls of `wait` return, and cancel the added uploads.

        Does not wait until the uploads have ended.
        """
        self.are_ended = True
        self._ended.set()
        for upload in self._uploads:
            upload.cancel()
