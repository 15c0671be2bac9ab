"""Transport: the interface that sends a request to another service and returns a Response."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from glimpse.upstream.urls import strip_credentials

_REDIRECTS = frozenset((301, 302, 303, 305, 307, 308))
_MAX_LOGGED_URL_LENGTH = 500  # characters


class Response(NamedTuple):
    """A response with its whole body. Header names are spelled as the server sent them.

    The body of a redirect or an error (status code 300 or more) may be truncated.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def redirect(self) -> str | None:
        """The target of a redirect, for a log line; None if this is no redirect.

        It is printable ASCII without user, password and query, or ``nowhere`` without a Location
        header. Redirects are never followed, because requests carry tokens and passwords.
        """
        if self.status not in _REDIRECTS:
            return None
        target = (self.header(b"location") or "nowhere").partition("?")[0]
        return strip_credentials(target[:_MAX_LOGGED_URL_LENGTH]).encode("unicode_escape").decode()

    def header(self, name: bytes) -> str | None:
        """Return the value of the first header with this lower-case name; None without one."""
        for each, value in self.headers:
            if each.lower() == name:
                return value.decode("latin-1")
        return None


class Transport(Protocol):
    """Sends HTTP requests within one event loop. `HttpClient` is the implementation in use.

    Tests pass a fake; an adapter of another HTTP library would be one, too.
    """

    async def request(
        self,
        method: str,
        base_url: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        max_response_bytes: int,
    ) -> Response:
        """Send a request once, to `target` (a quoted path and query) below `base_url`.

        A response of any status code is returned; redirects are not followed. Raises UpstreamError,
        such as ResponseTooLarge for a body of more than `max_response_bytes`; TimeoutError if the
        server does not respond in time; ValueError for a header value or target with a line end, or
        outside Latin-1. An implementation must not retry: only its caller knows which requests are
        safe to repeat.
        """
        ...

    async def close(self) -> None:
        """Close all connections. Requests in progress fail with UpstreamError."""
        ...
