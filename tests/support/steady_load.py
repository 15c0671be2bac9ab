"""SteadyLoad: clients that send GET requests until a test has seen enough; their replies."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple, Self

from tests.support.cloud import Cloud
from tests.support.http import Response, request
from tests.support.process import wait_until

_PAUSE = 0.2  # seconds of a client between two requests


class Reply(NamedTuple):
    """What a client got: a response, or the reason why there was none, and how long it took."""

    target: str
    seconds: float
    response: Response | str

    @property
    def status(self) -> int:
        """The status code; 0 without a response."""
        return self.response.status if isinstance(self.response, Response) else 0

    def __str__(self) -> str:
        return f"GET {self.target} after {self.seconds:.2f} s: {self.response}"


class SteadyLoad:
    """`clients` threads that request `targets` in turn, each over a connection of its own.

    A context manager: the clients end with it. `expected` has the body of each target, requested
    once before the load; `replies` grows while the load runs.
    """

    def __init__(self, cloud: Cloud, user: str, targets: Sequence[str], clients: int = 16) -> None:
        self.replies: list[Reply] = []
        self._address = cloud.address
        self._headers = {"X-Auth-Token": cloud.token(user) or ""}
        self._targets = targets
        self._clients = clients
        self._ended = threading.Event()
        self._threads = ThreadPoolExecutor(clients)
        self._running: list[Future[None]] = []
        self.expected: dict[str, bytes] = {}
        for target in targets:
            reply = self._request(target)
            assert reply.status == 200, str(reply)
            assert isinstance(reply.response, Response)
            self.expected[target] = reply.response.body

    def __enter__(self) -> Self:
        self._running = [self._threads.submit(self._run, n) for n in range(self._clients)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._threads.shutdown()
        for client in self._running:
            client.result()

    def wait_for_replies(self, count: int) -> None:
        """Return when `count` more replies have come. Fails after 20 seconds."""
        wanted = len(self.replies) + count
        wait_until(lambda: len(self.replies) >= wanted, f"no {count} replies: clients hang")

    def _run(self, number: int) -> None:
        """Send requests until the load ends; clients begin with different targets."""
        while not self._ended.wait(_PAUSE):
            self.replies.append(self._request(self._targets[number % len(self._targets)]))
            number += 1

    def _request(self, target: str) -> Reply:
        began = time.monotonic()
        response: Response | str
        try:
            response = request(self._address, "GET", target, self._headers)
        except (OSError, ValueError) as error:
            response = repr(error)
        return Reply(target, time.monotonic() - began, response)
