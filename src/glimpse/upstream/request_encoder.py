"""RequestEncoder: renders HTTP/1.1 requests to one server as bytes."""

import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from glimpse import __version__

_LINE_END = re.compile(r"[\r\n\0]")


class RequestEncoder:
    """Encodes requests to the server at `base_url`; adds Host, User-Agent, Accept-Encoding.

    User and password of the URL become an Authorization header. The query of the URL is ignored.
    ``is_tls`` is True only for the scheme https. Raises ValueError for a URL that cannot be parsed.
    """

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self.is_tls = parts.scheme == "https"
        self.host = (parts.hostname or "").encode("idna").decode()
        self.port = parts.port or (443 if self.is_tls else 80)
        host = f"[{self.host}]" if ":" in self.host else self.host
        authority = f"{host}:{parts.port}" if parts.port else host
        self._path = quote(parts.path, safe="/%:@!$&'()*+,;=~")
        self._shared_head = (
            f" HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: glimpse/{__version__}\r\n"
            "Accept-Encoding: identity\r\n"
        )
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._shared_head += f"Authorization: Basic {b64encode(user.encode()).decode()}\r\n"

    def encode(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> bytes:
        """Return the bytes of one request, with Content-Length if `body` is not None.

        `target` is a quoted path and query, and is appended to the path of the base URL. Raises
        ValueError if `target` or a header value has a NUL, a line end or a character outside
        Latin-1. A line end could add another header. The method and the names of headers are not
        checked.
        """
        if _LINE_END.search(f"{target}{''.join(headers.values())}"):
            raise ValueError("A header or a URL has more than one line.")
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if body is not None:
            lines += f"Content-Length: {len(body)}\r\n"
        head = f"{method} {self._path}{target}{self._shared_head}{lines}\r\n".encode("latin-1")
        return head + body if body else head
