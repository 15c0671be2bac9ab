"""RetryPolicy: which requests to Glance are sent again, to which server, and how often."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from glimpse.glance.error_mapping import error_from_failure
from glimpse.glance.request import GlanceRequest
from glimpse.glance.servers import Servers
from glimpse.images.errors import Invalid
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.backoff import retry_delay
from glimpse.upstream.errors import ConnectError, ResponseTooLarge, UpstreamError
from glimpse.upstream.transport import Response
from glimpse.upstream.urls import strip_credentials

_log = logging.getLogger(__name__)

# The status codes of a server in trouble. Another server, or the same one later, may do better.
RETRYABLE_STATUS_CODES = frozenset((500, 502, 503, 504))

# What one attempt brings: a response, or the reason why there is none.
AttemptResult = Response | UpstreamError | TimeoutError
# Sends a request to the server with this base URL, once.
SendOnce = Callable[[str, GlanceRequest], Awaitable[AttemptResult]]


class RetryPolicy:
    """Sends a request until a server handles it, at most 1 + `max_retries` times.

    A server has failed if it sends no response, or one of RETRYABLE_STATUS_CODES. After a delay,
    the request is then sent to the next server, if

    - the request is a GET, or could not be sent at all (ConnectError), or
    - the request is idempotent, and the server cannot still be processing it. It may be processing
      it if it accepted the request but did not respond in time, or if a proxy responded 504. If
      another server completed the request first, the late server could later overwrite changes
      that other clients made in between.

    A server that has failed is tried again after all others, unless it timed out. Two cases are not
    failures of the server: a response of too many bytes, and a 500 that the content of the request
    explains (`GlanceRequest.diagnosis`). Each failure and each response is reported to `Servers`.
    """

    def __init__(self, max_retries: int) -> None:
        self._max_retries = max_retries

    async def send(self, request: GlanceRequest, servers: Servers, send_once: SendOnce) -> Response:
        """Return the first response that is no failure, else the response of the last attempt.

        A response of any other status code, such as 404, is no failure. Raises Unavailable or
        InvalidResponse if the last attempt has no response (`error_from_failure`), TooLarge if any
        response has too many bytes, Invalid for a 500 that the request explains. `send_once` itself
        must not raise. There is no timeout here: `GlanceClient.send` has one.
        """
        queue = deque(servers.order())
        retry = 0
        while True:
            server = queue.popleft()
            result = await send_once(server, request)
            if isinstance(result, ResponseTooLarge):
                raise error_from_failure(result) from result
            if isinstance(result, Response) and result.status not in RETRYABLE_STATUS_CODES:
                servers.mark_available(server)
                return result
            _raise_if_explained(request, result)
            _mark_failed(servers, server, result)
            if not _is_timeout(result):
                queue.append(server)
            retry += 1
            if retry > self._max_retries or not queue or not _is_safe_to_repeat(request, result):
                break
            current_context.get().observer.call_retried("glance")
            await asyncio.sleep(retry_delay(retry))
        if isinstance(result, Response):
            return result
        raise error_from_failure(result) from result


def _is_safe_to_repeat(request: GlanceRequest, result: AttemptResult) -> bool:
    """Return True if the request may be sent again after this failure.

    It may if it is a GET, if it was not sent, or if it is idempotent and not in progress any more.
    """
    if request.method == "GET" or isinstance(result, ConnectError):
        return True
    return request.is_idempotent and not _may_be_in_progress(result)


def _may_be_in_progress(result: AttemptResult) -> bool:
    """Return True if the server may still be processing the request: it or a proxy timed out."""
    if isinstance(result, Response):
        return result.status == HTTPStatus.GATEWAY_TIMEOUT
    return _is_timeout(result)


def _is_timeout(result: AttemptResult) -> bool:
    """Return True if the server accepted the request but did not respond in time.

    A timeout of the connection attempt is none: the server did not get the request.
    """
    return isinstance(result, TimeoutError) and not isinstance(result, ConnectError)


def _raise_if_explained(request: GlanceRequest, result: AttemptResult) -> None:
    """Raise Invalid for a 500 that `request.diagnosis` explains; otherwise do nothing."""
    if isinstance(result, Response) and result.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        explanation = request.diagnosis()
        if explanation is not None:
            raise Invalid(explanation)


def _mark_failed(servers: Servers, server: str, result: AttemptResult) -> None:
    """Start or restart the backoff of a server; unless it was in progress, log why (`result`)."""
    if servers.mark_failed(server):
        _log.warning(
            "Glance at %s failed, other servers are tried first for %g s: %s",
            strip_credentials(server),
            servers.backoff,
            _describe(result),
        )


def _describe(result: AttemptResult) -> str:
    """Return why the attempt failed, for the log."""
    if isinstance(result, Response):
        return f"status code {result.status}"
    return str(result) or "no response in time"
