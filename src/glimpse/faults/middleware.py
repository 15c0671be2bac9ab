"""FaultMiddleware: ASGI middleware that injects the faults of rules."""

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.faults.active_faults import ActiveFaults, RequestFault
from glimpse.faults.delays import Delays
from glimpse.faults.held_upload import HeldUpload
from glimpse.faults.response_effects import (
    FIRST_UNSUCCESSFUL,
    counting_success,
    cutting,
    slowing,
)
from glimpse.faults.rules import FaultRule, RequestFacts
from glimpse.http.requests_in_progress import RequestsInProgress
from glimpse.http.reset_exception import ResetConnection
from glimpse.http.responses import WITHOUT_BODY, Header, send_response
from glimpse.identity import Identity, IdentityError, RequestTarget
from glimpse.telemetry.request_context import current_context

# Returns the service of a request (``image``), the name of its operation, and the path without the
# prefix of the service.
IdentifyOperation = Callable[[Scope], tuple[str, str, str]]
_TOO_MANY_REQUESTS = 429
_UPLOAD = "image.upload_data"
_STARTING_JOBS = ("image.import_data", "run_action")  # a success starts a job that stores data


class FaultMiddleware:
    """Injects the faults of `faults`; passes requests without a fault on to `app`.

    `RequestMiddleware` has to be outside of this middleware, so that responses of faults get a
    request id and a log line. If a request has several faults, their delays add up. Of the faults
    with another effect than a delay, only the one that was added first is injected. Each of the
    other faults counts the request in ``matched``, and in ``applied`` only if it delays the
    request.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: ActiveFaults,
        identify: IdentifyOperation,
        identity: Identity,
        in_progress: RequestsInProgress,
    ) -> None:
        """`identify` finds the operation of a request; `identity` finds the project of its token.

        `app` serves the requests, and `faults` has the rules. `in_progress` counts the uploads that
        go on after their responses.
        """
        self._app = app
        self._faults = faults
        self._identify = identify
        self._identity = identity
        self._in_progress = in_progress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, with the faults of the rules that match the request.

        Without any rule, only passes the request on to the API. Otherwise counts the request in
        each matching rule, and waits for the sum of the delays. Then injects the first fault with
        another effect than a delay; without one, passes the request on. If it injects a fault, also
        sets the operation of the current request. Raises ResetConnection or ResponseAborted for
        faults that close the connection, and what the API raises.
        """
        if not self._faults:
            await self._app(scope, receive, send)
            return
        delays = self._faults.delays  # before any wait, in which a reset could make new ones
        facts = await self._facts(scope)
        faults = self._faults.count_and_select(facts)
        delaying = [fault for fault in faults if fault.rule.delay]
        for fault in delaying:
            fault.count_applied()
        await asyncio.sleep(sum(fault.rule.delay for fault in delaying))
        effective = next((fault for fault in faults if _has_effect(fault.rule)), None)
        if effective is None:
            await self._app(scope, receive, send)
            return
        current_context.get().operation = facts.operation  # the API may not get the request
        if effective.rule.saving_for is None:
            await self._inject(effective, scope, receive, send)
        else:
            await self._delay_data(effective, delays, facts.operation, scope, receive, send)

    async def _facts(self, scope: Scope) -> RequestFacts:
        """Return the facts of a request; validate its token only if a rule names a project.

        The result's projects are the id and the name of the token's project. If the token is
        missing, cannot be validated or has no project, the result has no projects. Then no rule
        that names a project applies to the request.
        """
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
        self, fault: RequestFault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve a request with a fault whose effect is any other than ``saving_for``.

        Counts the request in ``applied`` if the effect changes something. Raises ResetConnection
        for ``reset_connection``. For ``cut_after``, raises ResponseAborted if the response's body
        is longer. Raises what the API raises.
        """
        rule, app, count = fault.rule, self._app, fault.count_applied
        if rule.status is not None:
            count()
            await _send_status(rule, rule.status, scope, send)
        elif rule.reset_connection:
            count()
            raise ResetConnection
        elif rule.rate_limit is not None:
            now = asyncio.get_running_loop().time()
            if seconds := fault.fault.count_against_rate_limit(now):
                count()
                await _send_status(rule, _TOO_MANY_REQUESTS, scope, send, retry_after=seconds)
            else:
                await app(scope, receive, send)
        elif rule.cut_after is not None:
            await app(scope, receive, cutting(send, rule.cut_after, count))
        elif rule.bytes_per_second is not None:
            await app(scope, receive, slowing(send, rule.bytes_per_second, count))
        else:
            await self._serve_stale(fault, scope, receive, send)

    async def _serve_stale(
        self, request_fault: RequestFault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Respond to a GET with an earlier response of the API, or else pass the GET to the API.

        The earlier response is to a GET with this fault and the same path, query and token, at most
        ``stale_for`` seconds ago. A response of the API to such a GET is remembered if its status
        is below 300. Requests with other methods go to the API.
        """
        if scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        fault, now = request_fault.fault, asyncio.get_running_loop().time()
        headers = scope["glimpse.headers"]
        key = scope["path"], scope["query_string"], headers.get(b"x-auth-token")
        messages = fault.stale_response(key, now)
        if messages is not None:
            request_fault.count_applied()
            for message in messages:
                await send(message)
            return
        sent: list[Message] = []

        async def remember(message: Message) -> None:
            sent.append(message)
            await send(message)

        await self._app(scope, receive, remember)
        if sent and sent[0]["status"] < FIRST_UNSUCCESSFUL:
            fault.remember(key, sent, now)

    async def _delay_data(
        self,
        fault: RequestFault,
        delays: Delays,
        operation: str,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Serve a request with a fault that has ``saving_for``.

        An upload gets a 204 when its last part arrives. The API gets that part ``saving_for``
        seconds later, and until then the image is saving. If the API responds earlier, as to an
        unknown image, the client gets that response. If the API raises an exception earlier, raises
        that exception.

        An import or a server's action gets the API's response at once; if it succeeds, counts the
        request in ``applied``. The job that the request starts waits for ``saving_for`` seconds
        before it stores image data. Other requests go to the API unchanged.
        """
        if operation == _UPLOAD:
            upload = HeldUpload(self._app, scope, receive, send, fault, delays)
            await upload.serve(self._in_progress)
            return
        if operation in _STARTING_JOBS:
            current_context.get().hold_data = partial(delays.wait, fault.rule.saving_for or 0)
            send = counting_success(send, fault.count_applied)
        await self._app(scope, receive, send)


def _has_effect(rule: FaultRule) -> bool:
    """Return True if the rule has another effect than ``delay``."""
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
    """Send `status` with the body and headers of a rule.

    If the rule has no body, the body is a JSON object with code and message. A 204, a 304 and the
    response to HEAD have no body. The response has the request's id. If ``response_headers`` have
    no Content-Type, the response has ``application/json``. Retry-After is that of
    ``response_headers``, or else the rule's ``retry_after``, or else `retry_after`, in seconds;
    without any of them, there is no such header.
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
