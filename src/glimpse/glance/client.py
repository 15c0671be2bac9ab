"""GlanceClient: sends requests to Glance, with service tokens, retries and timeouts.

`GlanceClient.send` adds the service token. RetryPolicy then chooses a server for each attempt, and
the transport sends the request to that server.
"""

import asyncio
import time
from http import HTTPStatus

from glimpse.glance.api_servers import ApiServers
from glimpse.glance.endpoint import Endpoint, ServiceCatalog
from glimpse.glance.error_mapping import error_from_failure
from glimpse.glance.options import GlanceOptions
from glimpse.glance.request import GlanceRequest
from glimpse.glance.responses import parse_version_ids
from glimpse.glance.retry_policy import RETRYABLE_STATUS_CODES, AttemptResult, RetryPolicy
from glimpse.glance.service_tokens import ServiceTokens
from glimpse.images.errors import Unavailable
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.errors import ResponseTooLarge, UpstreamError
from glimpse.upstream.redirects import log_redirect
from glimpse.upstream.transport import Response, Transport

_URL_SETTINGS = "[glance] endpoint_override, or in Keystone's catalog"

_VERSIONS = GlanceRequest("GET", "/", {"Accept": "application/json"}, max_response_bytes=64_000)


class GlanceClient:
    """Sends requests to Glance, within one event loop. Close the client after use.

    `transport` sends the requests. `catalog` finds the servers of Glance if `options.api_servers`
    is empty. `service_tokens` supplies a service token for each request; with None, requests have
    the caller's token only. Closing the client closes `transport` and `service_tokens`, but not
    `catalog`.
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
        """Send a request with the retries of RetryPolicy; return a response of any status code.

        The request gets a service token if there is one. If Glance responds 401 to a service token,
        the client sends the request once more with a new service token. If there is no new one, the
        client returns the 401. All attempts together take at most `total_timeout` seconds, logins
        and look-ups of servers included. Redirects are returned, not followed.

        Raises Unavailable if no server is known, if the last attempt gets no response, or after
        `total_timeout`. After Unavailable, Glance may still be processing a write. Raises
        InvalidResponse if the response is not HTTP or incomplete, and TooLarge if its body has more
        than `request.max_response_bytes` or its head more than 64 kB. Raises Invalid if Glance
        responds 500 and `request.diagnosis` explains why.
        """
        try:
            async with asyncio.timeout(self._options.total_timeout):
                return await self._send_with_service_token(request)
        except TimeoutError:
            raise Unavailable("The Image service did not respond in time.") from None

    async def ping(self) -> str | None:
        """Return None if any server responds, otherwise the reason why none does.

        Requests the versions from all servers at once, without a token and without retries. A 500,
        502, 503 or 504 does not count as a response. Nor does a response that is not HTTP, is
        incomplete, or has more than 64,000 bytes. Returns at the first response, and cancels the
        other requests. Only the timeouts of the transport and of the catalog limit the time. The
        backoff of the servers does not change. Raises nothing.
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
        return "no Image service responds"

    async def versions(self, server: str) -> list[str]:
        """Return the ids of the Image API versions of one server, such as ``v2.15``.

        `server` is a base URL. Sends one request, without a token and without retries, and waits at
        most `total_timeout` seconds. Raises Unavailable if the server does not respond. Raises
        InvalidResponse if the response is not HTTP, is incomplete, or has no valid list of
        versions. Raises TooLarge if the response has more than 64,000 bytes. For a status code
        other than 200 and 300, raises the error of `error_from_response`: for example, Unavailable
        for 503.
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

    async def servers(self) -> ApiServers:
        """Return the servers of Glance. After the first success, the same object is returned.

        If `options.api_servers` is empty, reads Keystone's catalog. Raises Unavailable if there is
        no catalog, or if the catalog cannot be read or has no usable URL of Glance. The next call
        then reads the catalog again. The catalog has timeouts of its own; this method adds none.
        """
        return await self._endpoint.servers()

    async def _send_with_service_token(self, request: GlanceRequest) -> Response:
        """Send a request with a service token; return the response.

        After a 401, sends the request once more with a new service token. If there is no new
        service token, returns the 401. Without any service token, the request has the caller's
        token only. Raises the errors of `send`. The caller must limit the time.
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
        """Send a request to the servers with retries; return a response of any status code.

        Raises the errors of `send`, such as Unavailable if no server is known or responds. The
        caller must limit the time.
        """
        servers = await self._endpoint.servers()
        return await self._retry_policy.send(request, servers, self._send_once)

    async def _send_once(self, server: str, request: GlanceRequest) -> AttemptResult:
        """Send a request to one server. Return the response, or the error if there is no response.

        Reports the call to the observer of the current request. A call that is cancelled is
        reported as a timeout. A redirect is logged and returned, but not followed.
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
        if isinstance(result, Response):
            log_redirect("Glance", server, result, _URL_SETTINGS)
        return result

    async def close(self) -> None:
        """Close the transport and the service tokens, and cancel a look-up of the servers.

        The catalog stays open.
        """
        self._endpoint.close()
        if self._service_tokens is not None:
            await self._service_tokens.close()
        await self._transport.close()


def _label(result: AttemptResult) -> str:
    """Return the label of a result in the metrics: the status code, or why there is none.

    The reasons are ``timeout``, ``bad_response`` for a response of too many bytes, and
    ``unreachable`` for every other error.
    """
    if isinstance(result, Response):
        return str(result.status)
    if isinstance(result, TimeoutError):
        return "timeout"
    return "bad_response" if isinstance(result, ResponseTooLarge) else "unreachable"
