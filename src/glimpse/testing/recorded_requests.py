"""RecordedRequest: a request that a cloud got; `Cloud.requests` returns a list of them."""

import html
import json
from dataclasses import dataclass
from typing import Any

_FIRST_ERROR = 400
_MAX_TEXT = 500  # characters of a body in a message


@dataclass(frozen=True)
class RecordedRequest:
    """A request to one of the APIs, and the status of its response.

    - ``at`` is the POSIX time at which the request began.
    - ``path`` includes the query; secrets are hidden. Path and query are each cut after 2,048
      characters.
    - ``status`` is None if there was no response, or a 500 because of an unexpected error.
    - ``operation`` is the operation's name in metrics, such as ``image.list_images``.
    - ``project_id`` and ``user_id`` are None if the request had no valid token. ``project_id`` is
      also None if the token has no project.
    - ``seconds`` is the time from the start of the request to the end of the response.
    - ``body`` is the JSON text of the request's body, with secrets hidden. ``body`` is None if the
      Content-Type is not JSON, if the body is empty, invalid, deeply nested or larger than 16 KiB,
      or if the API did not read the whole body.
    - ``error`` is the text of the response's body if the status is 400 or more, at most 1,024
      bytes. Otherwise, and if that body is empty, ``error`` is None.
    """

    at: float
    method: str
    path: str
    status: int | None
    operation: str
    user_agent: str | None
    request_id: str
    project_id: str | None
    user_id: str | None
    seconds: float
    body: str | None
    error: str | None

    def json(self) -> Any:
        """Return the parsed body of the request. Raises ValueError if ``body`` is None."""
        if self.body is None:
            raise ValueError(f"{self} has no JSON body.")
        return json.loads(self.body)

    def describe(self) -> str:
        """Return the request as a text for a message.

        The first line is ``str(self)``. If there was no response, or if its status is 400 or more,
        a line with the request's JSON body and a line with the response's error follow. Each has at
        most 500 characters of the body or the error. An empty body or error has no line.
        """
        lines = [str(self)]
        if self.status is None or self.status >= _FIRST_ERROR:
            sent = f"  request: {self.body[:_MAX_TEXT]}" if self.body else ""
            got = _message(self.error or "")
            lines += filter(None, (sent, f"  response: {got[:_MAX_TEXT]}" if got else ""))
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return one line with method, path, status, operation and request id."""
        status = "no response" if self.status is None else self.status
        return f"{self.method} {self.path}: {status} ({self.operation}, {self.request_id})"


def _message(body: str) -> str:
    """Return an error's body as one line; for an HTML page of the Image API, its message."""
    text = " ".join(body.split())
    paragraph = text.partition("</h1>")[2].partition("<br")[0]
    return html.unescape(paragraph).strip() or text
