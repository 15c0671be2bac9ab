"""HTTP to Glance: deadlines, retries over several servers, bounded answers."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import NamedTuple, Protocol
from urllib.parse import urlencode

from glimpse.glance.call_results import Outcome, may_be_at_it, meaning, reason, was_silent, word
from glimpse.glance.options import GlanceOptions
from glimpse.glance.responses import Answer, version_ids
from glimpse.glance.servers import FindServer, Servers, is_url
from glimpse.images.errors import Invalid, Unavailable
from glimpse.telemetry.request_context import NO_REQUEST, current_context, current_request
from glimpse.upstream.backoff import retry_delay
from glimpse.upstream.client import HttpClient
from glimpse.upstream.errors import ConnectError, ResponseTooLarge, UpstreamError
from glimpse.upstream.single_flight import SingleFlight
from glimpse.upstream.urls import strip_credentials

_log = logging.getLogger(__name__)

_CONNECTIONS = 100  # to each server, at most: one that hangs takes up its own
_MOST_VERSION_BYTES = 64_000
_RETRIED = frozenset((500, 502, 503, 504))

Parameters = Sequence[tuple[str, str]]
# Says what of a request may be why it was answered 500, if anything is.
Blame = Callable[[], str | None]


class ServiceTokens(Protocol):
    """Tokens of Glimpse's own, which Glance gets beside the callers'."""

    async def token(self) -> str | None:
        """The token to send, if there is one now."""
        ...

    async def renewed(self, refused: str) -> str | None:
        """Another than the one that came with a call that was refused; None if it is not that."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class _Request(NamedTuple):
    """What is sent to whichever server; `target` is quoted, and of an answer so much is read.

    `idempotent`: it writes, and done twice is as done once (RFC 9110, 9.2.2).
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None
    most_bytes: int
    idempotent: bool = False


class GlanceClient:
    """Calls to Glance. Made anywhere, used within one event loop, closed at the end.

    `find_server` says where Glance is if the options name no server, `service` which token goes
    beside the caller's.
    """

    def __init__(
        self,
        options: GlanceOptions,
        find_server: FindServer | None = None,
        service: ServiceTokens | None = None,
    ) -> None:
        self._options = options
        self._service = service
        self._find_server = find_server
        self._known: Servers | None = None
        self._looking = SingleFlight(self._look_up)
        self._http = HttpClient(
            tls=options.tls,
            connect_timeout=options.connect_timeout,
            read_timeout=options.first_byte_timeout,
            max_connections=_CONNECTIONS,
        )

    async def call(
        self,
        method: str,
        path: str,
        token: str,
        *,
        parameters: Parameters = (),
        body: bytes | None = None,
        content_type: str | None = None,
        blame: Blame = lambda: None,
        most_bytes: int | None = None,
        idempotent: bool = False,
    ) -> Answer:
        """Send one request, `path` already quoted, and read the answer whole.

        A GET is tried again when a server fails, on others first, and so is what is said to be
        `idempotent`, but not while a server may be at it; anything else only if it surely was not
        sent. A server that was silent is left in peace.

        Raises Unavailable or InvalidResponse, within `total_timeout` whatever the servers do, and
        Invalid for a 500 that `blame` explains: that is no sign of a server in trouble; nor is an
        answer of more than `most_bytes`, which is TooLarge.
        """
        try:
            target = f"{path}?{urlencode(parameters)}" if parameters else path
        except UnicodeEncodeError:
            raise Invalid("A filter is not valid Unicode text.") from None
        most_bytes = most_bytes or self._options.max_answer_bytes
        headers = _headers(token, content_type)
        request = _Request(method, target, headers, body, most_bytes, idempotent)
        try:
            async with asyncio.timeout(self._options.total_timeout):
                return await self._with_service_token(request, blame)
        except TimeoutError:
            raise Unavailable("The Image service did not answer in time.") from None

    async def ping(self) -> str | None:
        """Ask every server for its versions, which takes no token; None when one answers."""
        request = self._versions_request()
        try:
            servers = await self.servers()
        except Unavailable as error:
            return str(error)
        asked = [asyncio.create_task(self._attempt(url, request)) for url in servers.order()]
        try:
            for first in asyncio.as_completed(asked):
                outcome = await first
                if isinstance(outcome, Answer) and outcome.status not in _RETRIED:
                    return None
        finally:
            for task in asked:
                task.cancel()
        return "no Image service answers"

    async def versions(self, server: str) -> list[str]:
        """The ids of the versions that one server has. Raises Unavailable or InvalidResponse."""
        try:
            async with asyncio.timeout(self._options.total_timeout):
                outcome = await self._attempt(server, self._versions_request())
        except TimeoutError as error:
            outcome = error
        if isinstance(outcome, Exception):
            raise meaning(outcome) from outcome
        return version_ids(outcome)

    def _versions_request(self) -> _Request:
        headers = {"Accept": "application/json"}
        return _Request("GET", "/", headers, None, _MOST_VERSION_BYTES)

    async def servers(self) -> Servers:
        """The servers to ask; raises Unavailable when they cannot be looked up now."""
        return self._known or await self._looking.join()

    async def _look_up(self) -> Servers:
        urls = self._options.api_servers
        if not urls and self._find_server is not None:
            url = await self._find_server()
            if not is_url(url):
                _log.error("Keystone's catalog names no URL of Glance, but %.200r.", url)
                raise Unavailable("Keystone's catalog names no URL of the Image service.")
            urls = (url,)
        if not urls:
            raise Unavailable("There is no Image service to ask.")
        self._known = Servers(urls, self._options.rest_time)
        return self._known

    async def _with_service_token(self, request: _Request, blame: Blame) -> Answer:
        """Send it with a service's token; if it is refused, once more if that may be why."""
        service = self._service
        token = await service.token() if service else None
        if service is None or token is None:
            return await self._try_servers(request, blame)
        request.headers["X-Service-Token"] = token
        answer = await self._try_servers(request, blame)
        if answer.status == HTTPStatus.UNAUTHORIZED and (another := await service.renewed(token)):
            request.headers["X-Service-Token"] = another
            return await self._try_servers(request, blame)
        return answer

    async def _try_servers(self, request: _Request, blame: Blame) -> Answer:
        outcome: Outcome = Unavailable("There is no Image service to ask.")
        servers = await self.servers()
        left = deque(servers.order())
        for attempt in range(self._options.num_retries + 1):
            if not left:
                break
            server = left.popleft()
            if attempt:
                current_context.get().observer.call_retried("glance")
                await asyncio.sleep(retry_delay(attempt))
            outcome = await self._attempt(server, request)
            if isinstance(outcome, ResponseTooLarge):
                break
            if isinstance(outcome, Answer) and outcome.status not in _RETRIED:
                servers.worked(server)
                return outcome
            _blame_request(outcome, blame)
            if servers.failed(server):
                _log.warning(
                    "Glance at %s fails, and rests: %s",
                    strip_credentials(server),
                    reason(outcome),
                )
            if not _may_repeat(request, outcome):
                break
            if not was_silent(outcome):
                left.append(server)
        if isinstance(outcome, Answer):
            return outcome
        raise meaning(outcome)

    async def _attempt(self, server: str, request: _Request) -> Outcome:
        """One call to one server, noted whatever comes of it."""
        began = time.perf_counter()
        outcome: Outcome = TimeoutError()  # what it is if the deadline cuts it short
        try:
            outcome = await self._send(server, request)
            return outcome
        finally:
            seconds = time.perf_counter() - began
            current_context.get().call_ended("glance", request.method, word(outcome), seconds)

    async def _send(self, server: str, request: _Request) -> Outcome:
        try:
            found = await self._http.request(
                request.method,
                server,
                request.target,
                request.headers,
                request.body,
                max_response_bytes=request.most_bytes,
            )
        except (UpstreamError, TimeoutError) as error:
            # A deadline of the whole call arrives as CancelledError, so it is not caught here.
            return error
        if found.redirect is not None:
            _log.error(
                "Glance at %s redirects to %s, which is not followed: name the right URL in "
                "[glance] endpoint_override, or in Keystone's catalog.",
                strip_credentials(server),
                found.redirect,
            )
        return Answer(found.status, found.body, found.header(b"retry-after"))

    async def close(self) -> None:
        """Close all connections."""
        self._looking.close()
        if self._service is not None:
            self._service.close()
        await self._http.close()


def _headers(token: str, content_type: str | None) -> dict[str, str]:
    """The caller's token, and the id that ties this call to the request being served."""
    headers = {"X-Auth-Token": token, "Accept": "application/json"}
    ids = current_request.get()
    if ids != NO_REQUEST:
        headers["X-Openstack-Request-Id"] = ids.global_id or ids.request_id
    if content_type:
        headers["Content-Type"] = content_type
    return headers


def _may_repeat(request: _Request, outcome: Outcome) -> bool:
    """Whether to send it again, here or elsewhere, after this.

    A write that one server is still at, and another has done, ends after its writer's turn: it
    would undo what others write then, and nobody would know.
    """
    if request.method == "GET" or isinstance(outcome, ConnectError):
        return True
    return request.idempotent and not may_be_at_it(outcome)


def _blame_request(outcome: Outcome, blame: Blame) -> None:
    """Raise Invalid for a 500 that is the request's fault, not the server's."""
    if isinstance(outcome, Answer) and outcome.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        why = blame()
        if why is not None:
            raise Invalid(why)
