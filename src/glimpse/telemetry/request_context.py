"""RequestContext: the ids of the current request, and its data for log lines and metrics."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar

from glimpse.images import Caller
from glimpse.telemetry.observer import NULL_OBSERVER, Observer, Service
from glimpse.telemetry.request_ids import global_request_id, new_request_id


class RequestContext:
    """Ids of the current request, and its data for its log line and the observer.

    ``request_id`` and ``global_id`` have the form ``req-<uuid>``. ``global_id`` is the client's id,
    from ``X-Openstack-Request-Id``; None if the header is missing or has another form. It is sent
    to Glance with each call (oslo.middleware's convention).

    ``operation`` is one of a fixed set of names. ``caller`` is None until the token is validated.
    ``glance_seconds`` is the time spent in calls to Glance. ``body_bytes`` is the number of bytes
    of the request's body that `http.body_budget.BODIES` counts. ``is_exception_logged`` is True
    once the exception that ended the request was logged. ``hold_data``, of faults on request,
    returns when a job that the request starts may store image data; None without such a fault.
    """

    __slots__ = (
        "body_bytes",
        "caller",
        "glance_seconds",
        "global_id",
        "hold_data",
        "is_exception_logged",
        "observer",
        "operation",
        "request_id",
    )

    def __init__(
        self, request_id: str, global_id: str | None = None, observer: Observer = NULL_OBSERVER
    ) -> None:
        self.request_id = request_id
        self.global_id = global_id
        self.observer = observer
        self.operation = "other"
        self.caller: Caller | None = None
        self.glance_seconds = 0.0
        self.body_bytes = 0
        self.is_exception_logged = False
        self.hold_data: Callable[[], Awaitable[None]] | None = None

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """Pass the end of a call to the observer.

        If the call was one to Glance, add its seconds to `glance_seconds`.
        """
        if service == "glance":
            self.glance_seconds += seconds
        self.observer.call_ended(service, method, outcome, seconds)


# For work outside of any request; what is recorded there is not used.
NO_REQUEST = RequestContext("-")

current_context: ContextVar[RequestContext] = ContextVar(
    "glimpse_request_context", default=NO_REQUEST
)


def new_context(headers: Mapping[bytes, bytes], observer: Observer) -> RequestContext:
    """Make the context of a new request: with a new id, and the client's id from `headers`.

    The names of `headers` are lower-case. A client's id that is not ``req-<uuid>`` is ignored.
    """
    return RequestContext(new_request_id(), global_request_id(headers), observer)
