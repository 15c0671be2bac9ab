"""render_error: renders a response without the application; STATUS_LINES of all responses."""

import http
from collections.abc import Iterable


def _status_line(status: int) -> bytes:
    """Return the first line of an HTTP/1.1 response, with its line end.

    An unknown status has an empty phrase.
    """
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


STATUS_LINES = {status: _status_line(status) for status in range(100, 600)}


def render_error(status: int, text: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the bytes of a response: `status`, `headers`, and `text` as its plain-text body.

    Adds Content-Type, Content-Length and ``Connection: close``. The caller has to close the
    connection.
    """
    body = text.encode()
    lines = [STATUS_LINES[status], *(b"%b: %b\r\n" % each for each in headers)]
    lines.append(b"content-type: text/plain; charset=utf-8\r\n")
    lines.append(b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body))
    return b"".join(lines)
