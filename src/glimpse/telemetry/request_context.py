"""What ties one request to its log lines and to the calls it makes to other services."""

from contextvars import ContextVar
from typing import NamedTuple

from glimpse.images import Caller
from glimpse.telemetry.observer import NULL_OBSERVER, Observer, Service


class RequestIds(NamedTuple):
    """Ids of the request being served, both of the form ``req-<uuid>``.

    ``global_id`` is what the client sent in ``X-Openstack-Request-Id``, None when it sent none or
    something else; it is passed on to the Image service (oslo.middleware's convention).
    """

    request_id: str
    global_id: str | None = None


NO_REQUEST = RequestIds("-")

current_request: ContextVar[RequestIds] = ContextVar("glimpse_request", default=NO_REQUEST)


class RequestContext:
    """What the parts find out about the request being served: for its log line and the observer.

    ``operation`` is one of a fixed set of names, whatever the client sent; ``caller`` is who sent
    it, once that is known; ``glance_seconds`` is the time spent waiting for Glance; ``body_bytes``
    of its body are counted in `http.bodies.BODIES`.
    """

    __slots__ = ("body_bytes", "caller", "glance_seconds", "observer", "operation")

    def __init__(self, observer: Observer = NULL_OBSERVER) -> None:
        self.observer = observer
        self.operation = "other"
        self.caller: Caller | None = None
        self.glance_seconds = 0.0
        self.body_bytes = 0

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """Note one call to another service; `outcome` is the status, or a word for why none."""
        if service == "glance":
            self.glance_seconds += seconds
        self.observer.call_ended(service, method, outcome, seconds)


current_context: ContextVar[RequestContext] = ContextVar(
    "glimpse_notes",
    default=RequestContext(),  # noqa: B039  takes notes of what is done for no request; nobody reads it
)
