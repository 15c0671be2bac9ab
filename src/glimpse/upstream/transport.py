"""Transport: the interface that sends a request to another service and returns a Response."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Response(NamedTuple):
    """A response with its whole body. Header names are spelled as the server sent them.

    The body of a redirect or an error (status code 300 or more) may be truncated.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """Return the value of the first header with this name; None if there is none.

        `name` must be in lower case; the case of the response's header names does not matter. The
        value is decoded as Latin-1.
        """
        for each, value in self.headers:
            if each.lower() == name:
                return value.decode("latin-1")
        return None


class Transport(Protocol):
    """Sends HTTP requests within one event loop. Its creator closes it with `close`.

    `HttpClient` implements this interface, and tests implement it with a fake.
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

        Returns a response of any status code. Redirects are not followed. Raises UpstreamError if
        there is no usable response, for example ResponseTooLarge for a body of more than
        `max_response_bytes`. Raises TimeoutError if the server does not respond in time. Raises
        ValueError if a header value or `target` has a line end, a NUL or a character outside
        Latin-1.

        An implementation must not retry, because only the caller knows which requests are safe to
        repeat.
        """
        ...

    async def close(self) -> None:
        """Close all connections. Requests in progress fail with UpstreamError."""
        ...
