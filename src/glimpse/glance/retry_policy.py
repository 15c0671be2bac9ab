"""RetryPolicy: which requests to Glance are sent again, to which server, and how often."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from glimpse.glance.api_servers import ApiServers
from glimpse.glance.error_mapping import error_from_failure
from glimpse.glance.request import GlanceRequest
from glimpse.images.errors import Invalid
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.backoff import retry_delay
from glimpse.upstream.errors import ConnectError, ResponseTooLarge, UpstreamError
from glimpse.upstream.transport import Response
from glimpse.upstream.urls import strip_credentials

_log = logging.getLogger(__name__)

# The status codes of a server in trouble. Another server, or the same one later, may do better.
RETRYABLE_STATUS_CODES = frozenset((500, 502, 503, 504))

# The result of one attempt: a response, or the error if there is none.
AttemptResult = Response | UpstreamError | TimeoutError
# Sends a request to the server with this base URL, once.
SendOnce = Callable[[str, GlanceRequest], Awaitable[AttemptResult]]


class RetryPolicy:
    """Sends a request to one server after another until a server handles the request.

    An attempt fails if there is no response, or if the status code is 500, 502, 503 or 504. After a
    failed attempt, the policy waits for up to a second and sends the request to the next server. A
    request is sent at most 1 + `max_retries` times. A request is repeated only in these cases:

    - The request is a GET.
    - The request was not sent, because no connection was made (ConnectError).
    - The request is idempotent, and the attempt ended with neither a timeout nor a 504. After a
      timeout or a 504, the server may still be processing the request. If another server completed
      the same write first, the late write could undo changes that other clients made meanwhile.

    If every server has failed, those that did not time out after connecting are tried again, in the
    same order. A response with too many bytes is not retried, nor is a 500 that
    `GlanceRequest.diagnosis` explains.

    Failed attempts and successful responses are reported to `ApiServers`, and retries to the
    observer of the current request. The log says when the backoff of a server begins.
    """

    def __init__(self, max_retries: int) -> None:
        self._max_retries = max_retries

    async def send(
        self, request: GlanceRequest, servers: ApiServers, send_once: SendOnce
    ) -> Response:
        """Send a request until an attempt succeeds; return the response of the last attempt.

        An attempt succeeds if the status code is not 500, 502, 503 or 504; so a 404 is a success
        here. If all attempts failed, returns the response of the last one, such as a 503.

        If the last attempt has no response, raises Unavailable, or InvalidResponse for a response
        that is not HTTP or incomplete. Raises TooLarge if a response has too many bytes. Raises
        Invalid if `request.diagnosis` explains a 500. `send_once` must return errors instead of
        raising them. The caller must limit the time.
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
    """Return True if the request may be sent again after the failed attempt `result`.

    A GET may always be sent again. After a ConnectError, every request may, because the server did
    not get it. An idempotent request may also be sent again if `_may_be_in_progress` is False.
    """
    if request.method == "GET" or isinstance(result, ConnectError):
        return True
    return request.is_idempotent and not _may_be_in_progress(result)


def _may_be_in_progress(result: AttemptResult) -> bool:
    """Return True if the server may still be processing the request: after a timeout or a 504.

    A 504 is the response of a proxy for which the server did not respond in time.
    """
    if isinstance(result, Response):
        return result.status == HTTPStatus.GATEWAY_TIMEOUT
    return _is_timeout(result)


def _is_timeout(result: AttemptResult) -> bool:
    """Return True if the server accepted the request but did not respond in time.

    A timeout while connecting does not count, because the server did not get the request.
    """
    return isinstance(result, TimeoutError) and not isinstance(result, ConnectError)


def _raise_if_explained(request: GlanceRequest, result: AttemptResult) -> None:
    """Raise Invalid if `result` is a 500 that `request.diagnosis` explains; else do nothing."""
    if isinstance(result, Response) and result.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        explanation = request.diagnosis()
        if explanation is not None:
            raise Invalid(explanation)


def _mark_failed(servers: ApiServers, server: str, result: AttemptResult) -> None:
    """Start or restart the backoff of a server. If there was no backoff, log the reason."""
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
