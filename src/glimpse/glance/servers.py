"""Servers: the base URLs of Glance, and the order in which a request tries them."""

import random
import re
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

_MAX_URL_LENGTH = 2000  # characters


def base_url(url: str) -> str:
    """Return a configured URL of Glance without ``/v2`` and slashes at its end.

    A URL without a scheme gets ``http://``, as in nova.
    """
    return (url if "//" in url else f"http://{url}").rstrip("/").removesuffix("/v2")


def is_url(url: str) -> bool:
    """Return True for an HTTP or HTTPS URL that can be called and put into links.

    It has a host. The scheme may be missing; user, password, path and a port but 0 are allowed.
    False for a URL of more than 2,000 characters, or with spaces, control characters or characters
    that are not ASCII.
    """
    if len(url) > _MAX_URL_LENGTH or not (url.isascii() and url.isprintable()) or " " in url:
        return False
    try:
        parts = urlsplit(base_url(url))
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Servers:
    """The base URLs of one or more equal servers, used round-robin from a random one on.

    `urls` are as the operator wrote them; `base_url` completes them. For `backoff` seconds, a
    server that failed is tried after all others. `public_url`, for links, is the first of `urls`
    without user and password.
    """

    def __init__(
        self,
        urls: Sequence[str],
        backoff: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._urls = [base_url(url) for url in urls]
        self.public_url = re.sub(r"//[^/]*@", "//", self._urls[0])
        self.backoff = backoff
        random.shuffle(self._urls)
        self._clock = clock
        self._unavailable_until: dict[str, float] = {}
        self._next = 0

    def order(self) -> list[str]:
        """Return the base URLs of all servers, in the order to try them.

        Servers whose backoff is in progress are last. Each call begins with another server.
        """
        start = self._next % len(self._urls)
        self._next = start + 1
        now = self._clock()
        rotated = self._urls[start:] + self._urls[:start]
        return sorted(rotated, key=lambda url: self._unavailable_until.get(url, 0.0) > now)

    def mark_failed(self, url: str) -> bool:
        """Start or restart the backoff of a server. Return True if none was in progress."""
        now = self._clock()
        was_available = self._unavailable_until.get(url, 0.0) <= now
        self._unavailable_until[url] = now + self.backoff
        return was_available

    def mark_available(self, url: str) -> None:
        """End the backoff of a server that responded, if one is in progress."""
        self._unavailable_until.pop(url, None)
