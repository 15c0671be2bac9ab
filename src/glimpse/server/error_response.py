"""render_error: renders an error response that the server sends without the application.

STATUS_LINES has the first line of every response.
"""

import http
from collections.abc import Iterable


def _status_line(status: int) -> bytes:
    """Return the first line of an HTTP/1.1 response, with CR LF.

    Examples: ``HTTP/1.1 200 OK``; ``HTTP/1.1 299`` and a space for a status without a name.
    """
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


STATUS_LINES = {status: _status_line(status) for status in range(100, 600)}


def render_error(status: int, text: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the bytes of a response with `status`, `headers`, and `text` as plain-text body.

    The response also has Content-Type (UTF-8), Content-Length and ``Connection: close``. `headers`
    are not checked. The caller sends the response and closes the connection. Raises KeyError for a
    status outside 100 to 599.
    """
    body = text.encode()
    lines = [STATUS_LINES[status], *(b"%b: %b\r\n" % each for each in headers)]
    lines.append(b"content-type: text/plain; charset=utf-8\r\n")
    lines.append(b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body))
    return b"".join(lines)
