"""RecordedRequest: a request that a cloud got, as `Cloud.requests` lists it."""

import html
import json
from dataclasses import dataclass
from typing import Any

_FIRST_ERROR = 400
_MAX_TEXT = 500  # characters of a body in a message


@dataclass(frozen=True)
class RecordedRequest:
    """A request to one of the APIs, and the status of its response.

    ``path`` includes the query. ``status`` is None if there was no response. ``operation`` is the
    name in metrics, such as ``image.list_images``. ``project_id`` and ``user_id`` are None without
    a valid token. ``body`` is the text of a JSON body of up to 16 KiB, None for any other. Secrets
    in path and body are hidden. ``error`` is the beginning of the body of a response whose status
    is 400 or more, None for any other. ``at`` is the POSIX time at which the request began,
    ``seconds`` the time until its response ended.
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
        """Return the parsed body. Raises ValueError if there is none."""
        if self.body is None:
            raise ValueError(f"{self} has no JSON body.")
        return json.loads(self.body)

    def describe(self) -> str:
        """Return the line of `str`; for an error with the JSON body of the request, and the error.

        Each of the two is a line of up to 500 characters.
        """
        lines = [str(self)]
        if self.status is None or self.status >= _FIRST_ERROR:
            sent = f"  request: {self.body[:_MAX_TEXT]}" if self.body else ""
            got = _message(self.error or "")
            lines += filter(None, (sent, f"  response: {got[:_MAX_TEXT]}" if got else ""))
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return one line, for messages."""
        status = "no response" if self.status is None else self.status
        return f"{self.method} {self.path}: {status} ({self.operation}, {self.request_id})"


def _message(body: str) -> str:
    """Return the body of an error as one line; of a page of Glance only its message."""
    text = " ".join(body.split())
    paragraph = text.partition("</h1>")[2].partition("<br")[0]
    return html.unescape(paragraph).strip() or text
