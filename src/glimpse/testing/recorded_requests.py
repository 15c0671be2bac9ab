"""RecordedRequest: a request that a cloud got, as `Cloud.requests` lists it."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RecordedRequest:
    """A request to one of the APIs, and the status of its response.

    ``path`` includes the query. ``status`` is None if there was no response. ``operation`` is the
    name in metrics, such as ``image.list_images``. ``project_id`` and ``user_id`` are None without
    a valid token. ``body`` is the text of a JSON body of up to 16 KiB, None for any other. Secrets
    in path and body are hidden. ``at`` is the POSIX time at which the request began, ``seconds``
    the time until its response ended.
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

    def json(self) -> Any:
        """Return the parsed body. Raises ValueError if there is none."""
        if self.body is None:
            raise ValueError(f"{self} has no JSON body.")
        return json.loads(self.body)

    def __str__(self) -> str:
        """Return one line, for messages."""
        status = "no response" if self.status is None else self.status
        return f"{self.method} {self.path}: {status} ({self.operation}, {self.request_id})"
