"""Outermost ASGI middleware: request ids, the access log, and 500 for unhandled exceptions."""

import asyncio
import logging
import os
import re
import time
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.http.bodies import BODIES
from glimpse.http.proxy_headers import Origin, client_address, client_origin
from glimpse.telemetry.access_log import AlreadyLogged, Cut, log_access, safe_target
from glimpse.telemetry.observer import NULL_OBSERVER, Observer
from glimpse.telemetry.redaction import quote_url
from glimpse.telemetry.request_context import (
    RequestContext,
    RequestIds,
    current_context,
    current_request,
)

_LOG = logging.getLogger(__name__)
_REQUEST_ID = re.compile(
    rb"req-[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)
_CLIENT_CLOSED = 499  # nginx's status for a client that went away before its response was complete
_SERVER_FAILED = 500  # in logs, of a response that was begun and could not be completed
# Credentials: of two different ones, a proxy before Glimpse may have checked the other.
_SINGLE_HEADERS = frozenset((b"x-auth-token", b"x-subject-token", b"x-service-token"))


class ResponseAborted(AlreadyLogged):
    """A service failed while an answer made of what it says was being sent; the text says how.

    The exception has to reach the server: it then cuts the connection, so that nobody takes the
    half for the whole.
    """


class RequestMiddleware:
    """ASGI middleware around every API.

    Puts into the scope ``glimpse.headers`` (dict of lower-case names; repeated headers joined by
    commas as RFC 9110 has it, but 400 for repeated tokens), ``glimpse.base_url`` (what links start
    with, no slash at the end), ``glimpse.client`` (the client's address, ``-`` if the server does
    not say it) and sets `request_context.current_request` and `current_context`. Each
    request is told to the observer and, if `access_log`, logged with what the notes then say. An
    exception that an API let through is logged and, when nothing was sent yet, answered with a bare
    500: it is a bug of ours. A response that was cut is logged and counted with the status 499 when
    the client did not take it to its end, 500 when it could not be completed.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        trust_proxy_headers: bool,
        access_log: bool = False,
        observer: Observer = NULL_OBSERVER,
    ) -> None:
        self._app = app
        self._trust_proxy_headers = trust_proxy_headers
        self._access_log = access_log
        self._observer = observer
        self._in_flight = 0
        self._idle: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass on a lifespan event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        app = self._app if self._prepare(scope) else _refuse_repeated_token
        notes = RequestContext(self._observer)
        current_context.set(notes)
        response = _SentResponse(send)
        began = time.perf_counter()
        self._in_flight += 1
        self._observer.request_began()
        try:
            await app(scope, receive, response.send)
        except ResponseAborted as cut:
            response.cut = "server"
            _LOG.error("%s %s was cut short: %s", scope["method"], safe_target(scope), cut)
            raise
        except Exception:
            response.cut = "server"
            what = scope["method"], safe_target(scope)
            _LOG.exception("Unexpected error while serving %s %s", *what)
            if response.status is not None:
                raise  # the server cuts the connection, so that nobody takes the half for the whole
            await send_plain(response.send, 500, "The server has either erred or is incapable.")
        except BaseException:
            response.cut = "server"  # the server stops
            raise
        finally:
            self._note_end(scope, notes, response, time.perf_counter() - began)

    def _note_end(
        self, scope: Scope, notes: RequestContext, response: "_SentResponse", seconds: float
    ) -> None:
        """Count and log a request that has ended."""
        self._in_flight -= 1
        if notes.body_bytes:
            BODIES.release(notes)
        if self._idle is not None and not self._in_flight:
            self._idle.set()
        status, cut = response.status, None
        if not response.complete or "glimpse.cut" in scope:
            reason = scope.get("glimpse.cut", response.cut)
            cut = None if status is None else Cut(reason, status)
            status = _SERVER_FAILED if reason == "server" else _CLIENT_CLOSED
        status = status or _CLIENT_CLOSED
        self._observer.request_ended(notes.operation, status, seconds)
        if self._access_log:
            client, size = scope["glimpse.client"], response.size
            log_access(scope, notes, client, status=status, size=size, seconds=seconds, cut=cut)

    async def idle(self) -> None:
        """Return when no request is being served, for one who sees to it that no more come."""
        if self._in_flight:
            self._idle = asyncio.Event()
            await self._idle.wait()

    def _prepare(self, scope: Scope) -> bool:
        """Put into the scope what the class promises; return False if a token is repeated."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        acceptable = len(headers) == len(scope["headers"]) or _join_repeated(scope, headers)
        scope["glimpse.headers"] = headers
        scope["glimpse.base_url"] = quote_url(self._origin(scope, headers).url)
        scope["glimpse.client"] = self._client(scope)
        inbound = headers.get(b"x-openstack-request-id", b"")
        current_request.set(
            RequestIds(_new_id(), inbound.decode() if _REQUEST_ID.fullmatch(inbound) else None)
        )
        return acceptable

    def _client(self, scope: Scope) -> str:
        """The address of whoever sent the request, ``-`` if the server does not say it."""
        peer = scope.get("client")
        address = peer[0] if peer else "-"
        if not self._trust_proxy_headers:
            return address
        return client_address(scope["glimpse.headers"]) or address

    def _origin(self, scope: Scope, headers: dict[bytes, bytes]) -> Origin:
        host = headers.get(b"host", b"").decode("latin-1")
        if not host:
            server = scope.get("server") or ("localhost", None)
            host = f"{server[0]}:{server[1]}" if server[1] else server[0]
        origin = Origin(scope["scheme"], host)
        return client_origin(origin, headers) if self._trust_proxy_headers else origin


class _SentResponse:
    """What was sent of one response; `cut` is why, should it end before it is complete."""

    __slots__ = ("_send", "complete", "cut", "size", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.size = 0  # bytes of the body
        self.complete = False
        self.cut = "client"

    async def send(self, message: Message) -> None:
        """Send one message, and note what it is."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.size += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        await self._send(message)


def _join_repeated(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Fill `headers`, with repeated ones joined; return False if one of them is a token."""
    headers.clear()
    acceptable = True
    for name, value in scope["headers"]:
        if name in headers:
            headers[name] += b"," + value
            acceptable = acceptable and name not in _SINGLE_HEADERS
        else:
            headers[name] = value
    return acceptable


async def _refuse_repeated_token(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send_plain(send, 400, "A token header may be sent once only.")


def _new_id() -> str:
    """``req-`` and a random UUID (RFC 9562, version 4), made in a third of the usual time."""
    text = os.urandom(16).hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"req-{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


async def send_plain(send: Send, status: int, text: str) -> None:
    """Send a short text/plain answer with the request id."""
    body = text.encode()
    request_id = current_request.get().request_id.encode()
    headers = [
        (b"content-type", b"text/plain; charset=UTF-8"),
        (b"content-length", b"%d" % len(body)),
        (b"x-openstack-request-id", request_id),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class RequestIdMiddleware:
    """ASGI middleware that puts ``x-openstack-request-id`` on each response of a mounted API.

    And `headers`, which all of its responses have.
    """

    def __init__(self, app: ASGIApp, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self._app = app
        self._headers = tuple(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with the header added."""

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                request_id = current_request.get().request_id.encode()
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-openstack-request-id", request_id),
                    *self._headers,
                ]
            await send(message)

        await self._app(scope, receive, with_id)
