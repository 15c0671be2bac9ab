"""Context of the current request: its ids, and its data for log lines and metrics."""

import os
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import NamedTuple

from glimpse.images import Caller
from glimpse.telemetry.observer import NULL_OBSERVER, Observer, Service

_REQUEST_ID = re.compile(
    rb"req-[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


class RequestIds(NamedTuple):
    """Ids of a request, both of the form ``req-<uuid>``.

    ``request_id`` is generated here. ``global_id`` is the client's id, from
    ``X-Openstack-Request-Id``; None if the header is missing or has another form. It is sent to
    Glance with each call (oslo.middleware's convention).
    """

    request_id: str
    global_id: str | None = None


NO_REQUEST = RequestIds("-")

current_request: ContextVar[RequestIds] = ContextVar("glimpse_request", default=NO_REQUEST)


def new_request_ids(headers: Mapping[bytes, bytes]) -> RequestIds:
    """Return ids for a new request: one that is generated, and the client's from `headers`.

    The names in `headers` are in lower case.
    """
    sent = headers.get(b"x-openstack-request-id", b"")
    return RequestIds(_new_id(), sent.decode() if _REQUEST_ID.fullmatch(sent) else None)


def _new_id() -> str:
    """Return ``req-`` and a random UUID (RFC 9562, version 4), faster than `uuid.uuid4`."""
    text = os.urandom(16).hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"req-{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


class RequestContext:
    """Data of the current request for its log line and the observer.

    ``operation`` is one of a fixed set of names. ``caller`` is None until the token is validated.
    ``glance_seconds`` is the time spent in calls to Glance. ``body_bytes`` is the number of bytes
    of the request's body that `http.bodies.BODIES` counts. ``is_exception_logged`` is True once the
    exception that ended the request was logged.
    """

    __slots__ = (
        "body_bytes",
        "caller",
        "glance_seconds",
        "is_exception_logged",
        "observer",
        "operation",
    )

    def __init__(self, observer: Observer = NULL_OBSERVER) -> None:
        self.observer = observer
        self.operation = "other"
        self.caller: Caller | None = None
        self.glance_seconds = 0.0
        self.body_bytes = 0
        self.is_exception_logged = False

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """Pass the end of a call to the observer.

        If the call was one to Glance, add its seconds to `glance_seconds`.
        """
        if service == "glance":
            self.glance_seconds += seconds
        self.observer.call_ended(service, method, outcome, seconds)


current_context: ContextVar[RequestContext] = ContextVar(
    "glimpse_request_context",
    # For work outside of any request; what is recorded there is not used.
    default=RequestContext(),  # noqa: B039  one mutable default for all is what is wanted
)
