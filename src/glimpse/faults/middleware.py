"""FaultMiddleware: ASGI middleware that injects the faults of rules."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.faults.active_faults import ActiveFault, ActiveFaults
from glimpse.faults.rules import FaultRule, RequestFacts
from glimpse.http.connection_reset import ResetConnection
from glimpse.http.request_middleware import ResponseAborted
from glimpse.http.responses import WITHOUT_BODY, Header, send_response
from glimpse.identity import Identity, IdentityError, RequestTarget
from glimpse.telemetry.request_context import current_context

# Returns the service of a request (``image``), the name of its operation, and the path without the
# prefix of the service.
IdentifyOperation = Callable[[Scope], tuple[str, str, str]]
_LOG = logging.getLogger(__name__)
_PIECES_PER_SECOND = 20  # of a slow body
_TOO_MANY_REQUESTS = 429
_NO_CONTENT = 204
_UPLOAD = "image.upload_data"
_FIRST_ERROR = 300


class FaultMiddleware:
    """Injects the faults of `faults`; passes requests without a fault on to `app`.

    `RequestMiddleware` has to be outside of this middleware, so that responses of faults get a
    request id and a log line. If a request has several faults, their delays add up. Of the faults
    that do more than delay, only the first is injected.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: ActiveFaults,
        identify: IdentifyOperation,
        identity: Identity,
    ) -> None:
        self._app = app
        self._faults = faults
        self._identify = identify
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if not self._faults:
            await self._app(scope, receive, send)
            return
        facts = await self._facts(scope)
        faults = self._faults.count_request(facts)
        await asyncio.sleep(sum(fault.rule.delay for fault in faults))
        fault = next((each for each in faults if _has_effect(each.rule)), None)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._inject(fault, facts, scope, receive, send)

    async def _facts(self, scope: Scope) -> RequestFacts:
        """Return the facts of a request; validate its token only if a rule names a project."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["glimpse.headers"].items()
        }
        service, operation, path = self._identify(scope)
        projects: tuple[str, ...] = ()
        if any(fault.rule.project is not None for fault in self._faults):
            target = RequestTarget(service, scope["method"], path)
            try:
                caller = await self._identity.authenticate(
                    headers.get("x-auth-token"), headers.get("x-service-token"), target
                )
                projects = tuple(filter(None, (caller.project_id, caller.project_name)))
            except IdentityError:  # the API refuses the token
                projects = ()
        return RequestFacts(scope["method"], scope["path"], operation, headers, projects)

    async def _inject(
        self, fault: ActiveFault, facts: RequestFacts, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve a request with the effect of a fault. Raises ResetConnection for a reset."""
        rule = fault.rule
        current_context.get().operation = facts.operation  # the API may not get the request
        if rule.status is not None:
            await _send_status(rule, rule.status, scope, send)
        elif rule.reset_connection:
            raise ResetConnection
        elif rule.rate_limit is not None:
            seconds = fault.seconds_until_allowed(asyncio.get_running_loop().time())
            if seconds:
                await _send_status(rule, _TOO_MANY_REQUESTS, scope, send, retry_after=seconds)
            else:
                await self._app(scope, receive, send)
        elif rule.cut_after is not None:
            await self._app(scope, receive, _cutting(send, rule.cut_after))
        elif rule.bytes_per_second is not None:
            await self._app(scope, receive, _slowly(send, rule.bytes_per_second))
        elif rule.stale_for is not None:
            await self._serve_stale(fault, scope, receive, send)
        elif rule.saving_for is not None and facts.operation == _UPLOAD:
            await self._serve_saving(rule.saving_for, scope, receive, send)
        elif rule.saving_for is not None:  # for the job that the request may start
            current_context.get().hold_data = partial(self._faults.hold, rule.saving_for)
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve_stale(
        self, fault: ActiveFault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Respond to a GET with a remembered response, or else pass it to the API.

        The response of the API is remembered if its status is below 300. A request with another
        method goes to the API, and the response is not remembered.
        """
        if scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        now = asyncio.get_running_loop().time()
        headers = scope["glimpse.headers"]
        key = scope["path"], scope["query_string"], headers.get(b"x-auth-token")
        messages = fault.stale_response(key, now)
        if messages is not None:
            for message in messages:
                await send(message)
            return
        sent: list[Message] = []

        async def remember(message: Message) -> None:
            sent.append(message)
            await send(message)

        await self._app(scope, receive, remember)
        if sent and sent[0]["status"] < _FIRST_ERROR:
            fault.remember(key, sent, now)

    async def _serve_saving(
        self, seconds: float, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Respond 204 when the last part of an upload arrives; pass it to the API `seconds` later.

        So the image stays in status saving for so long. If the API responds or raises an exception
        before the last part arrives, that response is sent, or that exception is raised.
        """
        upload = _HeldUpload(self._app, scope, receive, send, seconds)
        task = asyncio.create_task(upload.run())
        self._faults.held_uploads.add(task)
        task.add_done_callback(self._faults.held_uploads.discard)
        await upload.responded.wait()
        if upload.error is not None:
            raise upload.error


class _HeldUpload:
    """An upload whose last part reaches the API `seconds` after the client got its response.

    `responded` is set when the client has its response, or when the API has failed without one. In
    the second case, `error` has the exception.
    """

    def __init__(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, seconds: float
    ) -> None:
        self._app, self._scope, self._seconds = app, scope, seconds
        self._receive, self._send = receive, send
        self._is_held = False  # True once the last part has arrived
        self.error: Exception | None = None
        self.responded = asyncio.Event()

    async def run(self) -> None:
        """Let the API serve the request.

        If the API raises an Exception before the client has its response, sets `error` to it. If
        the API raises an Exception later, logs it.
        """
        try:
            await self._app(self._scope, self._receive_held, self._send_unless_held)
        except Exception as error:  # noqa: BLE001  raised by `_serve_saving`, or logged
            if self._is_held:
                _LOG.error("An upload failed after its response was sent: %s", error)
            else:
                self.error = error
        finally:
            self.responded.set()

    async def _receive_held(self) -> Message:
        """Return the next part of the body; before the last part, respond and wait."""
        if self._is_held:
            await asyncio.Event().wait()  # forever: the upload goes on if the client disconnects
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            self._is_held = True
            await send_response(self._send, _NO_CONTENT, [])
            self.responded.set()
            await asyncio.sleep(self._seconds)
        return message

    async def _send_unless_held(self, message: Message) -> None:
        """Pass on the API's response; drop it if the client already has a response."""
        if not self._is_held:
            await self._send(message)


def _has_effect(rule: FaultRule) -> bool:
    """Return True if the rule does more than delay."""
    return rule.reset_connection or any(
        value is not None
        for value in (
            rule.status,
            rule.rate_limit,
            rule.cut_after,
            rule.bytes_per_second,
            rule.stale_for,
            rule.saving_for,
        )
    )


async def _send_status(
    rule: FaultRule, status: int, scope: Scope, send: Send, retry_after: int | None = None
) -> None:
    """Send the response of a rule, with `status`.

    If the rule has no body, the body is a JSON object with code and message. The rule's value for
    Retry-After takes precedence over `retry_after`, which is in seconds.
    """
    message = b'{"error": {"code": %d, "message": "A fault on request."}}' % status
    body = message if rule.body is None else rule.body
    if status in WITHOUT_BODY:
        body = b""
    headers: list[Header] = [
        (b"x-openstack-request-id", current_context.get().request_id.encode()),
    ]
    seconds = retry_after if rule.retry_after is None else rule.retry_after
    given = {name.lower(): value for name, value in rule.response_headers.items()}
    given.setdefault("content-type", "application/json")
    if seconds is not None:
        given.setdefault("retry-after", str(seconds))
    headers += [
        (name.encode("latin-1", "replace"), value.encode()) for name, value in given.items()
    ]
    await send_response(send, status, headers, body, method=scope["method"])


def _cutting(send: Send, size: int) -> Send:
    """Return a `send` that sends `size` bytes of a body and then raises ResponseAborted.

    A body of at most `size` bytes is sent completely, and nothing is raised.
    """
    left = size

    async def send_part(message: Message) -> None:
        nonlocal left
        body = message.get("body", b"")
        if message["type"] == "http.response.body" and len(body) > left:
            await send({"type": "http.response.body", "body": body[:left], "more_body": True})
            raise ResponseAborted("a fault on request")
        left -= len(body)
        await send(message)

    return send_part


def _slowly(send: Send, bytes_per_second: int) -> Send:
    """Return a `send` that sends bodies in small pieces, at `bytes_per_second`."""
    size = max(1, bytes_per_second // _PIECES_PER_SECOND)

    async def send_pieces(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body = message.get("body", b"")
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(len(piece) / bytes_per_second)
        await send({**message, "body": b""})

    return send_pieces
