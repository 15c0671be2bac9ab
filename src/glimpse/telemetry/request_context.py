"""RequestContext: the ids of the current request, and its data for log lines and metrics."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar

from glimpse.images import Caller
from glimpse.telemetry.observer import NULL_OBSERVER, Observer, Service
from glimpse.telemetry.request_ids import global_request_id, new_request_id


class RequestContext:
    """The ids of a request, and its data for the log and the observer.

    - ``request_id`` has the form ``req-<uuid>``.
    - ``global_id`` is the id that the client sent (``req-<uuid>``), or None. Calls to Glance pass
      ``global_id`` on (oslo.middleware's convention).
    - ``observer`` is the Observer of calls to other services.
    - ``operation`` is the name of the operation (``image.list_images``), at first ``other``.
    - ``caller`` is None until the token is validated.
    - ``glance_seconds`` is the time that the request has spent in calls to Glance.
    - ``body_bytes`` is the number of bytes that `http.body_memory.BODIES` counts for the request.
    - ``is_exception_logged`` is True if the exception that ended the request has been logged.
    - ``hold_data`` is None, or a function by which tests delay the jobs that the request starts.
      Each of these jobs awaits ``hold_data()`` before it stores image data.
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
        """Call the observer's `call_ended`; for a call to Glance, also add to `glance_seconds`."""
        if service == "glance":
            self.glance_seconds += seconds
        self.observer.call_ended(service, method, outcome, seconds)


# The context of work outside of any request. Nothing reads what is recorded in it.
NO_REQUEST = RequestContext("-")

current_context: ContextVar[RequestContext] = ContextVar(
    "glimpse_request_context", default=NO_REQUEST
)


def new_context(headers: Mapping[bytes, bytes], observer: Observer) -> RequestContext:
    """Return the context of a new request, with a new id, and the client's id from `headers`.

    Names in `headers` are in lower case. An id of the client that is not ``req-<uuid>`` is ignored.
    The caller has to set `current_context` to the result.
    """
    return RequestContext(new_request_id(), global_request_id(headers), observer)
