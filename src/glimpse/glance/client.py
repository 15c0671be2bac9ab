"""GlanceClient: requests to Glance, with their tokens, retries, timeouts and bounds.

`GlanceClient.send` adds the service token. RetryPolicy then chooses a server for each attempt, and
the transport makes the attempt over its connection pool.
"""

import asyncio
import logging
import time
from http import HTTPStatus

from glimpse.glance.endpoint import Endpoint, ServiceCatalog
from glimpse.glance.error_mapping import error_from_failure
from glimpse.glance.options import GlanceOptions
from glimpse.glance.request import GlanceRequest
from glimpse.glance.responses import parse_version_ids
from glimpse.glance.retry_policy import RETRYABLE_STATUS_CODES, AttemptResult, RetryPolicy
from glimpse.glance.servers import Servers
from glimpse.glance.service_tokens import ServiceTokens
from glimpse.images.errors import Unavailable
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.errors import ResponseTooLarge, UpstreamError
from glimpse.upstream.transport import Response, Transport
from glimpse.upstream.urls import strip_credentials

_log = logging.getLogger(__name__)

_VERSIONS = GlanceRequest("GET", "/", {"Accept": "application/json"}, max_response_bytes=64_000)


class GlanceClient:
    """Sends requests to Glance. Create it anywhere, use it within one event loop, close it.

    `transport` sends them; closing the client closes it. `catalog` is used to find Glance if the
    options name no server. `service_tokens` are sent with the callers' tokens.
    """

    def __init__(
        self,
        options: GlanceOptions,
        transport: Transport,
        catalog: ServiceCatalog | None = None,
        service_tokens: ServiceTokens | None = None,
    ) -> None:
        self._options = options
        self._endpoint = Endpoint(options, catalog)
        self._service_tokens = service_tokens
        self._retry_policy = RetryPolicy(options.num_retries)
        self._transport = transport

    async def send(self, request: GlanceRequest) -> Response:
        """Send a request, with the retries of RetryPolicy; return a response of any status code.

        A service token goes along if there is one; after a 401, the request is sent once more with
        a new one. Takes at most `total_timeout` seconds. Raises Unavailable if no server is known,
        or none responds in that time; InvalidResponse if the response is not HTTP or incomplete;
        TooLarge if its body has more than `request.max_response_bytes`; Invalid for a 500 that
        `request.diagnosis` explains.
        """
        try:
            async with asyncio.timeout(self._options.total_timeout):
                return await self._send_with_service_token(request)
        except TimeoutError:
            raise Unavailable("The Image service did not answer in time.") from None

    async def ping(self) -> str | None:
        """Return None if any server responds, otherwise the reason why none does.

        Requests the versions of all servers at once, without a token and without retries. A 500,
        502, 503 or 504 does not count as a response. Raises nothing. Only the timeouts of the
        transport and of the catalog bound the time.
        """
        try:
            servers = await self.servers()
        except Unavailable as error:
            return str(error)
        tasks = [asyncio.create_task(self._send_once(url, _VERSIONS)) for url in servers.order()]
        try:
            for next_result in asyncio.as_completed(tasks):
                result = await next_result
                if isinstance(result, Response) and result.status not in RETRYABLE_STATUS_CODES:
                    return None
        finally:
            for task in tasks:
                task.cancel()
        return "no Image service answers"

    async def versions(self, server: str) -> list[str]:
        """Return the ids of the versions of the Image API that one server has, such as ``v2.15``.

        `server` is a base URL. Sends one request without a token. Raises Unavailable,
        InvalidResponse or TooLarge as `send` does, InvalidResponse if the response has no versions,
        and the error of `error_from_response` for a status code other than 200 and 300.
        """
        result: AttemptResult
        try:
            async with asyncio.timeout(self._options.total_timeout):
                result = await self._send_once(server, _VERSIONS)
        except TimeoutError as error:
            result = error
        if isinstance(result, Response):
            return parse_version_ids(result)
        raise error_from_failure(result) from result

    async def servers(self) -> Servers:
        """Return the servers of Glance, which stay the same once they are known.

        Raises Unavailable if none are configured, and they cannot be looked up in the catalog now.
        Only the catalog's own timeouts bound the time.
        """
        return await self._endpoint.servers()

    async def _send_with_service_token(self, request: GlanceRequest) -> Response:
        """Send a request with the service token, if there is one.

        If Glance responds 401, send it once more with a new service token, and return the second
        response. If there is no new token, return the 401. Raises what `send` raises. The time is
        not limited here, but in `send`.
        """
        tokens = self._service_tokens
        service_token = await tokens.token() if tokens else None
        if tokens is None or service_token is None:
            return await self._send_with_retries(request)
        request = request.with_header("X-Service-Token", service_token)
        response = await self._send_with_retries(request)
        if response.status == HTTPStatus.UNAUTHORIZED:
            renewed = await tokens.renew(service_token)
            if renewed:
                request = request.with_header("X-Service-Token", renewed)
                return await self._send_with_retries(request)
        return response

    async def _send_with_retries(self, request: GlanceRequest) -> Response:
        """Send a request to the servers, with the retries of the retry policy.

        Raises Unavailable if no server is known, and the errors of `RetryPolicy.send`.
        """
        servers = await self._endpoint.servers()
        return await self._retry_policy.send(request, servers, self._send_once)

    async def _send_once(self, server: str, request: GlanceRequest) -> AttemptResult:
        """Send a request to one server, and return its response or the reason why there is none.

        Reports the call to the observer. A redirect is logged, and returned like any response.
        """
        began = time.perf_counter()
        result: AttemptResult = TimeoutError()  # if the total timeout cancels this attempt
        try:
            result = await self._transport.request(
                request.method,
                server,
                request.target,
                request.headers,
                request.body,
                max_response_bytes=request.max_response_bytes,
            )
        except (UpstreamError, TimeoutError) as error:
            result = error
        finally:
            seconds = time.perf_counter() - began
            current_context.get().call_ended("glance", request.method, _label(result), seconds)
        if isinstance(result, Response) and result.redirect is not None:
            _log.error(
                "Glance at %s redirects to %s, which is not followed: name the right URL in "
                "[glance] endpoint_override, or in Keystone's catalog.",
                strip_credentials(server),
                result.redirect,
            )
        return result

    async def close(self) -> None:
        """Cancel a look-up of the servers; close service tokens and transport, not the catalog."""
        self._endpoint.close()
        if self._service_tokens is not None:
            await self._service_tokens.close()
        await self._transport.close()


def _label(result: AttemptResult) -> str:
    """Return the label of a result in the metrics: its status code, or why it has none.

    The reasons are ``timeout``, ``bad_answer`` for a response of too many bytes, and
    ``unreachable`` for everything else.
    """
    if isinstance(result, Response):
        return str(result.status)
    if isinstance(result, TimeoutError):
        return "timeout"
    return "bad_answer" if isinstance(result, ResponseTooLarge) else "unreachable"
