"""Where Glance is, and which of several servers to ask: they take turns; one that fails rests."""

import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

_LONGEST_URL = 2000

# Finds Glance's URL when it is first needed; raises Unavailable.
FindServer = Callable[[], Awaitable[str]]


def base_url(url: str) -> str:
    """A URL of Glance as it may be configured, without ``/v2`` and slashes at its end.

    Without a scheme it is one of HTTP, as nova takes it.
    """
    return (url if "//" in url else f"http://{url}").rstrip("/").removesuffix("/v2")


def is_url(url: str) -> bool:
    """Whether HTTP can be spoken to it.

    It becomes a part of links: a longer one, or one with spaces or control characters, is none.
    """
    if len(url) > _LONGEST_URL or not (url.isascii() and url.isprintable()) or " " in url:
        return False
    try:
        parts = urlsplit(base_url(url))
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Servers:
    """The base URLs in the order to try them, beginning at random as nova does.

    `first_shown` is the one that was named first, without what is for us alone: user and password.

    A failed server goes to the end of the order for `rest_time` seconds: it is still tried when
    all others fail, and takes its turn again after the rest.
    """

    def __init__(
        self,
        urls: Sequence[str],
        rest_time: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._urls = [base_url(url) for url in urls]
        self.first_shown = re.sub(r"//[^/]*@", "//", self._urls[0])
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

    def failed(self, url: str) -> bool:
        """Rest this server; say whether it was not resting already."""
        now = self._clock()
        is_news = self._rested_until.get(url, 0.0) <= now
        self._rested_until[url] = now + self._rest_time
        return is_news

    def worked(self, url: str) -> None:
        """Trust this server again."""
        self._rested_until.pop(url, None)
