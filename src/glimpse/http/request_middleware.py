"""RequestMiddleware: request ids, the access log, and 500 for unhandled exceptions."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.http.body_memory import BODIES
from glimpse.http.request_scope import extend_scope
from glimpse.http.requests_in_progress import RequestsInProgress
from glimpse.http.responses import send_text
from glimpse.http.service_urls import ServicePorts
from glimpse.telemetry.access_log import IncompleteResponse, log_access, redacted_target
from glimpse.telemetry.observer import NULL_OBSERVER, Observer
from glimpse.telemetry.request_context import RequestContext, current_context, new_context

_LOG = logging.getLogger(__name__)
_CLIENT_CLOSED = (
    499  # nginx's status for a client that disconnected before its response was complete
)
_SERVER_FAILED = 500  # in logs, for a response that the server started but could not complete


class ResponseAborted(Exception):
    """A response that has started cannot be completed; the message says why.

    A service failed, or a fault on request cuts the response. `RequestMiddleware` logs the error
    without a traceback and raises it again. Then the server closes the connection, so that the
    client does not take the incomplete response for complete.
    """


class RequestMiddleware:
    """Gives each request a context, logs and counts requests, and turns exceptions into a 500.

    Adds headers, URLs and the client's address to the scope (`request_scope.extend_scope`). Sets
    `current_context` of `telemetry.request_context`. A request that repeats a token header gets a
    400.

    An exception that `app` raises is logged at level ERROR. If no response has started, the client
    gets a 500 in plain text. Otherwise the exception is raised again, and the server closes the
    connection. Any other BaseException, such as CancelledError, is raised again: it is not logged,
    and there is no 500.

    `observer` is called at the start and the end of each request. `in_progress` counts the requests
    that have not ended. If `access_log` is True, `log_access` logs each request when it ends. If
    the response is not complete, the observer and the access log get another status code: 500 if
    the server failed or stopped, and 499 if the client disconnected or read too slowly.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        ports: ServicePorts,
        trust_proxy_headers: bool,
        access_log: bool,
        observer: Observer = NULL_OBSERVER,
        in_progress: RequestsInProgress | None = None,
    ) -> None:
        self._app = app
        self._ports = ports
        self._trust_proxy_headers = trust_proxy_headers
        self._access_log = access_log
        self._observer = observer
        self._in_progress = in_progress or RequestsInProgress()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request: pass it to the application, and report its end.

        The scope must not be a lifespan or websocket scope. Responds 500 if the application raises
        an exception before a response has started. Raises exceptions that come later, and any
        other BaseException. The end is reported in any case.
        """
        has_single_tokens = extend_scope(
            scope, self._ports, trust_proxy_headers=self._trust_proxy_headers
        )
        context = new_context(scope["glimpse.headers"], self._observer)
        current_context.set(context)
        response = _SentResponse(send)
        began = time.perf_counter()
        self._in_progress.begin()
        self._observer.request_began()
        try:
            if has_single_tokens:
                await self._app(scope, receive, response.send)
            else:
                await send_text(response.send, 400, "A token header may be sent once only.")
        except Exception as error:
            response.incomplete_reason = "server"
            _log_exception(scope, context, error)
            if response.status is not None:
                raise
            await send_text(response.send, 500, "The server has either erred or is incapable.")
        except BaseException:
            response.incomplete_reason = "server"  # the server stops
            raise
        finally:
            self._end(scope, context, response, time.perf_counter() - began)

    def _end(
        self, scope: Scope, context: RequestContext, response: "_SentResponse", seconds: float
    ) -> None:
        """Report a request that has ended to `in_progress`, the observer and the access log.

        `seconds` is the duration of the request. BODIES stops counting the request's body. If the
        response is complete, its own status is reported. Otherwise the status is 500 if the reason
        is "server", and 499 if not. The reason is ``scope["glimpse.incomplete_reason"]``, which the
        server sets if the client did not get the whole response, or else that of `response`.
        """
        self._in_progress.end()
        if context.body_bytes:
            BODIES.release(context)
        status, incomplete = response.status, None
        if not response.is_complete or "glimpse.incomplete_reason" in scope:
            reason = scope.get("glimpse.incomplete_reason", response.incomplete_reason)
            incomplete = None if status is None else IncompleteResponse(reason, status)
            status = _SERVER_FAILED if reason == "server" else _CLIENT_CLOSED
        status = status or _CLIENT_CLOSED
        self._observer.request_ended(context.operation, status, seconds)
        if self._access_log:
            client, size = scope["glimpse.client"], response.size
            log_access(
                scope,
                context,
                client,
                status=status,
                size=size,
                seconds=seconds,
                incomplete=incomplete,
            )


class _SentResponse:
    """Wraps `send`, and records the status, the size and the end of the response.

    `status` is None until the response starts. `size` is in bytes. `incomplete_reason` says why a
    response stays incomplete: "server" if the server failed or stopped, otherwise "client".
    """

    __slots__ = ("_send", "incomplete_reason", "is_complete", "size", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.size = 0  # bytes of the body
        self.is_complete = False
        self.incomplete_reason = "client"

    async def send(self, message: Message) -> None:
        """Record the status of the response, or the size and the end of its body; then send.

        `message` is recorded even if sending it fails.
        """
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.size += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)
        await self._send(message)


def _log_exception(scope: Scope, context: RequestContext, error: Exception) -> None:
    """Log the exception that ended a request, with a traceback if it is no ResponseAborted.

    Sets `is_exception_logged` of `context`, so that the server does not log the exception again.
    """
    target = scope["method"], redacted_target(scope)
    if isinstance(error, ResponseAborted):
        _LOG.error("%s %s was cut short: %s", *target, error)
    else:
        _LOG.error("Unexpected error while serving %s %s", *target, exc_info=error)
    context.is_exception_logged = True
