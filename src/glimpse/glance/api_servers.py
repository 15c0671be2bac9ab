"""ApiServers: the base URLs of Glance, and the order in which a request tries them."""

import random
import re
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

_MAX_URL_LENGTH = 2000  # characters


def base_url(url: str) -> str:
    """Return a configured URL of Glance with a scheme, and without ``/v2`` at its end.

    Example: ``glance:9292/v2/`` -> ``http://glance:9292``. As in nova, the default scheme is
    ``http``. Slashes at the end are removed, too.
    """
    return (url if "//" in url else f"http://{url}").rstrip("/").removesuffix("/v2")


def is_url(url: str) -> bool:
    """Return True if `url` is an HTTP or HTTPS URL that can be called and put into links.

    The URL must have a host, and at most 2,000 printable ASCII characters without spaces. The
    scheme may be missing. User, password, path and a port other than 0 are allowed. A query is
    allowed, too, but requests leave it out.
    """
    if len(url) > _MAX_URL_LENGTH or not (url.isascii() and url.isprintable()) or " " in url:
        return False
    try:
        parts = urlsplit(base_url(url))
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class ApiServers:
    """The base URLs of one or more equal servers, and which servers have failed recently.

    `urls` are URLs as the operator wrote them (see `base_url`). The servers are shuffled once. Each
    request then starts with the server after the one that the request before started with. For
    `backoff` seconds after a failure, a server is tried only after all other servers. `public_url`
    is the first of `urls` without user and password, for links.
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
        """Return the base URLs of all servers, in the order in which to try them.

        Each call begins with the next server in turn. Servers whose backoff is in progress come
        last, in turn among themselves.
        """
        start = self._next % len(self._urls)
        self._next = start + 1
        now = self._clock()
        rotated = self._urls[start:] + self._urls[:start]
        return sorted(rotated, key=lambda url: self._unavailable_until.get(url, 0.0) > now)

    def mark_failed(self, url: str) -> bool:
        """Start or restart the backoff of a server. Return True if no backoff was in progress."""
        now = self._clock()
        was_available = self._unavailable_until.get(url, 0.0) <= now
        self._unavailable_until[url] = now + self.backoff
        return was_available

    def mark_available(self, url: str) -> None:
        """End the backoff of a server that responded; do nothing if no backoff is in progress."""
        self._unavailable_until.pop(url, None)
