"""Which of several Glance servers to ask: they take turns, and one that fails is rested."""

import random
import time
from collections.abc import Callable, Sequence


class Servers:
    """The base URLs in the order to try them, beginning at random as nova does.

    A failed server goes to the end of the order for `rest_time` seconds: it is still tried when
    all others fail, and takes its turn again after the rest.
    """

    def __init__(
        self,
        urls: Sequence[str],
        rest_time: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._urls = [url.rstrip("/").removesuffix("/v2") for url in urls]
        random.shuffle(self._urls)
        self._rest_time = rest_time
        self._clock = clock
        self._rested_until: dict[str, float] = {}
        self._next = 0

    def order(self) -> list[str]:
        """All servers, the one whose turn it is first, resting ones last."""
        start = self._next % len(self._urls)
        self._next = start + 1
        now = self._clock()
        turn = self._urls[start:] + self._urls[:start]
        return sorted(turn, key=lambda url: self._rested_until.get(url, 0.0) > now)

    def failed(self, url: str) -> None:
        """Rest this server."""
        self._rested_until[url] = self._clock() + self._rest_time

    def worked(self, url: str) -> None:
        """Trust this server again."""
        self._rested_until.pop(url, None)
