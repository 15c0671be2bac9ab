"""RequestsInProgress: counts the requests in progress, and waits until all have ended."""

import asyncio


class RequestsInProgress:
    """Counts the requests that one application is serving.

    Call `begin` when a request starts, and `end` when the request ends. Call `add_task` for a task
    that goes on after the response to a request. `count` is the number of requests and tasks.
    """

    def __init__(self) -> None:
        self.count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: asyncio.Event | None = None

    def begin(self) -> None:
        """Count a request that has started."""
        self.count += 1

    def end(self) -> None:
        """Stop counting a request that has ended."""
        self.count -= 1
        if self._idle is not None and not self.count:
            self._idle.set()

    def add_task(self, task: asyncio.Task[None]) -> None:
        """Count a task as a request until the task ends. `cancel_tasks` cancels the task."""
        self.begin()
        self._tasks.add(task)
        task.add_done_callback(self._on_task_end)

    async def cancel_tasks(self) -> None:
        """Cancel the tasks that still count, and wait for their end; ignore their errors."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_task_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.end()

    async def wait_until_idle(self) -> None:
        """Wait, without a timeout, until no request is being served and no task is running.

        Call this method only once, when no new requests can arrive.
        """
        if self.count:
            self._idle = asyncio.Event()
            await self._idle.wait()
