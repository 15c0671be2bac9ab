"""What calls to other services share: URLs, TLS, pauses, bounded answers, threads, flights."""

import asyncio
import random
import ssl
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import aiohttp

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0

Result = TypeVar("Result")


class AnswerTooLarge(Exception):
    """The answer has more bytes than allowed."""


def pause(attempt: int) -> float:
    """Seconds before the `attempt`-th retry: doubling, with jitter so that callers spread out."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
    return random.uniform(longest / 2, longest)  # noqa: S311  spreads load, keeps no secret


async def read_bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body; AnswerTooLarge, and the connection closed, above `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > limit:
            response.close()
            raise AnswerTooLarge
        parts.append(part)
    return b"".join(parts)


def tls(
    *, cafile: str | None, certfile: str | None, keyfile: str | None, insecure: bool
) -> ssl.SSLContext | bool:
    """What aiohttp takes as ``ssl``, of the options that all sections of a nova.conf have."""
    if not (cafile or certfile):
        return not insecure
    context = ssl.create_default_context(cafile=cafile)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certfile:
        context.load_cert_chain(certfile, keyfile)
    return context


async def in_thread(function: Callable[[], Result]) -> Result:
    """Run what blocks in a thread that nobody waits for at exit.

    `asyncio.to_thread` has few threads, and a process cannot end before they do: a server that
    sends a byte a second would hold them. Whoever stops waiting leaves the thread to its end.
    """
    done: Future[Result] = Future()

    def run() -> None:
        if not done.set_running_or_notify_cancel():
            return  # nobody waits any more, and a result would have no place
        try:
            done.set_result(function())
        except BaseException as error:  # noqa: BLE001  it is raised to who waits
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(done)


class Flight(Generic[Result]):
    """One run of `make` for all who join while it is under way. It keeps no result."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Result]]) -> None:
        self._make = make
        self._task: asyncio.Task[Result] | None = None

    async def join(self) -> Result:
        """What the run under way, or a new one, returns or raises."""
        if self._task is None:
            self._task = asyncio.create_task(self._make())
            self._task.add_done_callback(self._landed)
        # Shielded: whoever stops waiting does not stop it for the others.
        return await asyncio.shield(self._task)

    def _landed(self, task: asyncio.Task[Result]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # seen, even when nobody waits any more

    def close(self) -> None:
        """End the run under way."""
        if self._task is not None:
            self._task.cancel()


def shown(url: str) -> str:
    """The URL without what may be secret in it: user, password, and query."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "a URL that cannot be read"
    if not parts.scheme:
        return url
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
