"""TokenValidator: sends tokens to Keystone for validation, with retries."""

import asyncio
import logging
import time
from http import HTTPStatus

from glimpse.identity.keystone.login_failures import LoginRefused
from glimpse.identity.keystone.options import KeystoneOptions
from glimpse.identity.keystone.service_session import ServiceSession, is_sendable
from glimpse.identity.service import IdentityUnavailable, Unauthorized
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.backoff import retry_delay
from glimpse.upstream.errors import ConnectError, UpstreamError
from glimpse.upstream.redirects import log_redirect
from glimpse.upstream.transport import Transport

_log = logging.getLogger(__name__)

INVALID_TOKEN = "The token is not valid."  # noqa: S105  a message
_MAX_RESPONSE_BYTES = 1024 * 1024  # a response without the catalog has a few thousand
# Status codes of Keystone, or of its web server, for a text that is not a token of Keystone.
_INVALID_TOKEN_STATUSES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
_UNAVAILABLE = "The Keystone service is temporarily unavailable."


class TokenValidator:
    """Sends tokens to Keystone for validation, through `transport`.

    Each request for a validation also needs a token of Glimpse's own, which `session` obtains. The
    caller closes `session` and `transport`.
    """

    def __init__(
        self, options: KeystoneOptions, session: ServiceSession, transport: Transport
    ) -> None:
        self._options = options
        self._session = session
        self._transport = transport

    async def validate(self, token: str, *, allow_expired: bool) -> bytes:
        """Return the body of Keystone's response for a valid token.

        With `allow_expired`, Keystone also accepts expired tokens. Takes at most
        `http_connect_timeout` seconds, including a login and all retries.

        Raises Unauthorized if Keystone refuses the token (400, 404, 413 or 431), or if the token
        cannot be sent in a header. Raises IdentityUnavailable if Keystone sends no valid response
        in time, does not let Glimpse log in, or responds with any other status code than 200. Each
        cause of IdentityUnavailable is logged, a failed login at most once a minute.
        """
        if not is_sendable(token):
            raise Unauthorized(INVALID_TOKEN)
        try:
            async with asyncio.timeout(self._options.http_connect_timeout):
                return await self._validate(token, allow_expired=allow_expired)
        except TimeoutError:
            _log.warning(
                "Keystone does not complete the validation of a token within "
                "http_connect_timeout, %s s.",
                self._options.http_connect_timeout,
            )
            raise IdentityUnavailable(_UNAVAILABLE) from None

    async def _validate(self, token: str, *, allow_expired: bool) -> bytes:
        """Do what `validate` does, but without a deadline. `token` must be sendable in a header.

        A 401 means that Keystone has refused Glimpse's own token. After the first 401, logs in
        again and sends the request once more. After the second 401, and after any other status code
        that `validate` does not name, logs an error and raises IdentityUnavailable.
        """
        for _ in range(2):
            own_token, endpoint = await self._session.token_and_endpoint()
            status, body = await self._send_with_retries(
                endpoint, own_token, token, allow_expired=allow_expired
            )
            if status == HTTPStatus.OK:
                return body
            if status in _INVALID_TOKEN_STATUSES:
                raise Unauthorized(INVALID_TOKEN)
            if status != HTTPStatus.UNAUTHORIZED:
                break
            self._session.discard_token(own_token)
        _log.error("Keystone responds with %s to the validation of a token.", status)
        raise IdentityUnavailable(_UNAVAILABLE)

    async def _send_with_retries(
        self, endpoint: str, own_token: str, token: str, *, allow_expired: bool
    ) -> tuple[int, bytes]:
        """Send the request of a validation; return status code and body of the last response.

        If there is no response or a 5xx, waits and sends the request again, up to
        `http_request_max_retries` times. So the result may be a 5xx, too. The metrics count the
        retries. Raises IdentityUnavailable if the last request has no response.
        """
        for attempt in range(1, self._options.http_request_max_retries + 1):
            try:
                status, body = await self._send(
                    endpoint, own_token, token, allow_expired=allow_expired
                )
            except IdentityUnavailable:
                pass
            else:
                if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return status, body
            current_context.get().observer.call_retried("keystone")
            await asyncio.sleep(retry_delay(attempt))
        return await self._send(endpoint, own_token, token, allow_expired=allow_expired)

    async def _send(
        self, endpoint: str, own_token: str, token: str, *, allow_expired: bool
    ) -> tuple[int, bytes]:
        """Send the request of a validation once; return status code and body of the response.

        If there is no valid response, logs a warning and raises IdentityUnavailable. If no
        connection can be made, also discards Glimpse's own token, so that the next login reads
        Keystone's endpoint from the catalog again. A response that is a redirect is logged, and
        returned like others. The metrics count the request, with its status code or how it failed.
        """
        path = f"/v3/auth/tokens?nocatalog=1{'&allow_expired=1' if allow_expired else ''}"
        headers = {
            "X-Auth-Token": own_token,
            "X-Subject-Token": token,
            "Accept": "application/json",
            "OpenStack-Identity-Access-Rules": "1.0",  # Keystone refuses access rules without it
        }
        began, outcome = time.perf_counter(), "timeout"  # if the deadline ends the request
        try:
            response = await self._transport.request(
                "GET", endpoint, path, headers, max_response_bytes=_MAX_RESPONSE_BYTES
            )
        except (UpstreamError, TimeoutError) as error:
            outcome = "timeout" if isinstance(error, TimeoutError) else "unreachable"
            if isinstance(error, ConnectError):
                # The endpoint is from the catalog of the last login, and may be outdated.
                self._session.discard_token(own_token)
            _log.warning("Keystone does not respond to the validation of a token: %s", error)
            raise IdentityUnavailable(_UNAVAILABLE) from None
        else:
            outcome = str(response.status)
            log_redirect("Keystone", endpoint, response, "Keystone's catalog")
            return response.status, response.body
        finally:
            seconds = time.perf_counter() - began
            current_context.get().call_ended("keystone", "GET", outcome, seconds)

    async def ping(self) -> str | None:
        """Return None if Keystone is available, else the reason as a text. Raises nothing.

        Logs in if Glimpse has no token yet, then sends one request without retries. Keystone is
        available if the login succeeds, and the status code of the response is below 500. The login
        and the request each take at most `http_connect_timeout` seconds.
        """
        try:
            _, endpoint = await self._session.token_and_endpoint()
            async with asyncio.timeout(self._options.http_connect_timeout):
                response = await self._transport.request(
                    "GET", endpoint, "/v3", {}, max_response_bytes=_MAX_RESPONSE_BYTES
                )
        except LoginRefused as error:
            return error.reason
        except IdentityUnavailable as error:
            return str(error)
        except (UpstreamError, TimeoutError):
            return "Keystone cannot be reached"
        if response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        return "Keystone responds with errors"
