"""RequestLog: keeps the last requests to the APIs, for tests to read."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.telemetry.access_log import redacted_target
from glimpse.telemetry.redaction import HIDDEN
from glimpse.telemetry.request_context import RequestContext, current_context

_MAX_REQUESTS = 10_000  # older requests are forgotten
_SECRETS = ("pass", "secret")  # words in the keys of secrets
_MAX_BODY = 16 * 1024  # bytes of a request's body that are kept
_MAX_ERROR = 1024  # bytes of the body of an error that are kept
_FIRST_ERROR = 400


class LoggedRequest(NamedTuple):
    """A request, and the status of its response.

    `at` is the POSIX time of the start, `seconds` the duration. `path` includes the query. `status`
    is None if the application sent no response, also if an exception ended the request and the
    client got a 500. `project_id` and `user_id` are None without a valid token; `project_id` is
    also None if the token has no project.

    `body` is the body of the request. `body` is None if the Content-Type is not JSON, or if the
    body was not read, is empty, is not JSON, or is above 16 KiB. `error` is the start of the
    response's body; None if the response is no error or has no body. Secrets in `path` and `body`
    are hidden. (`testing.recorded_requests` has the details.)
    """

    at: float
    method: str
    path: str
    status: int | None
    operation: str
    user_agent: str | None
    request_id: str
    project_id: str | None
    user_id: str | None
    seconds: float
    body: str | None
    error: str | None


class RequestLog:
    """Keeps the last 10,000 requests, which `middleware` adds; forgets older requests."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._requests: deque[LoggedRequest] = deque(maxlen=_MAX_REQUESTS)

    def clear(self) -> None:
        """Forget all requests."""
        self._requests.clear()

    def render(self) -> list[dict[str, Any]]:
        """Return the requests as dicts for JSON; the request that ended first comes first."""
        return [request._asdict() for request in self._requests]

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Return an application that serves with `app`, and logs each request when it has ended.

        A request is also logged if `app` raises an exception, which is raised unchanged.
        `RequestMiddleware` has to be outside of the returned application. The returned application
        serves HTTP requests only.
        """

        async def logged(scope: Scope, receive: Receive, send: Send) -> None:
            recorder = _Recorder(scope, receive, send)
            at, began = self._clock(), time.perf_counter()
            try:
                await app(scope, recorder.receive, recorder.send)
            finally:
                context, seconds = current_context.get(), time.perf_counter() - began
                self._requests.append(recorder.log_entry(context, at, seconds))

        return logged


class _Recorder:
    """Passes on the messages of a request, and keeps what the request log needs of them.

    Kept are the status of the response, and the first 1,024 bytes of the body of an error response.
    If the request's Content-Type says JSON, what the application reads of its body is kept, too,
    unless that is more than 16 KiB.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._headers: dict[bytes, bytes] = scope["glimpse.headers"]
        self._receive, self._send = receive, send
        self._status: int | None = None
        self._body: bytearray | None = None
        self._error = b""
        if b"json" in self._headers.get(b"content-type", b""):
            self._body = bytearray()

    async def receive(self) -> Message:
        message = await self._receive()
        if self._body is not None:
            self._body += message.get("body", b"")
            if len(self._body) > _MAX_BODY:
                self._body = None
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif self._status is not None and self._status >= _FIRST_ERROR:
            self._error += message.get("body", b"")[: _MAX_ERROR - len(self._error)]
        await self._send(message)

    def log_entry(self, context: RequestContext, at: float, seconds: float) -> LoggedRequest:
        """Return the log entry of the request, which began at the POSIX time `at`.

        `seconds` is the time that the request took.
        """
        agent, caller = self._headers.get(b"user-agent"), context.caller
        return LoggedRequest(
            at,
            self._scope["method"],
            redacted_target(self._scope),
            self._status,
            context.operation,
            None if agent is None else agent.decode("latin-1"),
            context.request_id,
            caller.project_id if caller else None,
            caller.user_id if caller else None,
            seconds,
            _text(self._body),
            self._error.decode("utf-8", "replace") or None,
        )


def _text(body: bytearray | None) -> str | None:
    """Return a JSON body as text without secrets.

    Returns None if the body is None, empty, not JSON, or nested more than some 250 levels deep.
    """
    if not body:
        return None
    try:
        return orjson.dumps(_without_secrets(orjson.loads(body))).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return None


def _without_secrets(value: Any, *keys: str) -> Any:
    """Return a copy of the JSON `value` with ``***`` in place of secret texts.

    A text is secret if its key has ``pass`` or ``secret`` in it, in any case, or if it is the
    ``id`` of a ``token``. `keys` are the keys that lead to `value` from the whole document, the
    outermost first.
    """
    if isinstance(value, dict):
        return {key: _without_secrets(each, *keys, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(each, *keys) for each in value]
    key = keys[-1].lower() if keys else ""
    is_secret = any(word in key for word in _SECRETS) or keys[-2:] == ("token", "id")
    return HIDDEN if is_secret and isinstance(value, str) else value
