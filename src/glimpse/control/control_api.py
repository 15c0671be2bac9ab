"""make_control_api: makes the ASGI application of the control API, for a separate port."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.control.request_log import RequestLog
from glimpse.faults.active_faults import ActiveFault, ActiveFaults
from glimpse.faults.rules import InvalidRule, parse_rule, render_rule
from glimpse.http.bodies import BodyTooLarge, ClientDisconnected, read_body
from glimpse.seed.operation_names import OPERATION_NAMES

_MAX_BODY_BYTES = 1024 * 1024

Reset = Callable[[], Awaitable[None]]


class ControlTools(NamedTuple):
    """What the control API shows and changes."""

    faults: ActiveFaults
    log: RequestLog

    def reset(self) -> None:
        """Reset the faults to the faults of the seed, and forget all logged requests."""
        self.faults.reset()
        self.log.clear()


def make_control_api(token: str, tools: ControlTools, reset: Reset | None) -> ASGIApp:
    """Return the control API. All requests need ``Authorization: Bearer TOKEN``, or get a 401.

    TOKEN is `token`. `reset` is `ResettableApplication.reset`; None if the cloud cannot be reset.
    Bodies of responses are JSON; an error has ``{"error": MESSAGE}``. Each 204 has no body.

    - ``POST /reset``: 204; 409 if `reset` is None, 500 if `reset` raises an exception.
    - ``GET /requests``: 200 with ``{"requests": [...]}``. The request that ended first comes first.
    - ``DELETE /requests``: forget all logged requests; 204.
    - ``GET /faults``: 200 with ``{"faults": [...]}``, the oldest fault first.
    - ``POST /faults``: add the rule in the body; 201 with the fault. 400 if the body is no JSON or
      the rule cannot be used, 413 if the body is larger than 1 MiB.
    - ``DELETE /faults``: remove all faults; 204.
    - ``GET /faults/{id}``: 200 with one fault; 404 if there is no such fault.
    - ``DELETE /faults/{id}``: remove one fault; 204. 404 if there is no such fault.

    HEAD is treated as GET. Another path gets a 404, another method a 405. If a path with a slash at
    the end has a route without the slash, the response redirects there (307).
    """
    app = Starlette(
        routes=_Handlers(tools, reset).routes(),
        exception_handlers={
            HTTPException: _routing_error,
            ClientDisconnected: _client_gone,
            Exception: _server_error,  # the server logs the exception
        },
    )
    expected = f"Bearer {token}".encode()

    async def authenticated(scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, expected):
            await app(scope, receive, send)
        else:
            await _error(401, "The token of the control API is needed.")(scope, receive, send)

    return authenticated


class _Handlers:
    """The handlers of the routes; `make_control_api` describes what each route does."""

    def __init__(self, tools: ControlTools, reset: Reset | None) -> None:
        self._tools = tools
        self._reset = reset

    def routes(self) -> list[Route]:
        return [
            Route("/reset", self.reset, methods=["POST"]),
            Route("/requests", self.list_requests, methods=["GET"]),
            Route("/requests", self.forget_requests, methods=["DELETE"]),
            Route("/faults", self.list_faults, methods=["GET"]),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/faults/{fault_id}", self.show_fault, methods=["GET"]),
            Route("/faults/{fault_id}", self.remove_fault, methods=["DELETE"]),
        ]

    async def reset(self, _: Request) -> Response:
        if self._reset is None:
            return _error(409, "Only a cloud with --ephemeral can be reset.")
        await self._reset()
        return Response(status_code=204)

    async def list_requests(self, _: Request) -> Response:
        return _json({"requests": self._tools.log.render()})

    async def forget_requests(self, _: Request) -> Response:
        self._tools.log.clear()
        return Response(status_code=204)

    async def list_faults(self, _: Request) -> Response:
        return _json({"faults": [_render(fault) for fault in self._tools.faults]})

    async def add_fault(self, request: Request) -> Response:
        try:
            headers = dict(request.scope["headers"])
            body = await read_body(request.receive, headers, _MAX_BODY_BYTES)
            rule = parse_rule(orjson.loads(body), OPERATION_NAMES)
        except BodyTooLarge:
            return _error(413, f"The body of a rule has at most {_MAX_BODY_BYTES} bytes.")
        except orjson.JSONDecodeError as error:
            return _error(400, f"The body is no JSON: {error}.")
        except InvalidRule as error:
            return _error(400, str(error))
        return _json(_render(self._tools.faults.add(rule)), 201)

    async def clear_faults(self, _: Request) -> Response:
        self._tools.faults.clear()
        return Response(status_code=204)

    async def show_fault(self, request: Request) -> Response:
        fault = self._tools.faults.get(request.path_params["fault_id"])
        return _error(404, "There is no such fault.") if fault is None else _json(_render(fault))

    async def remove_fault(self, request: Request) -> Response:
        if not self._tools.faults.remove(request.path_params["fault_id"]):
            return _error(404, "There is no such fault.")
        return Response(status_code=204)


def _render(fault: ActiveFault) -> dict[str, Any]:
    """Return a fault for JSON: the keys of its rule, ``id``, ``matched`` and ``applied``."""
    counts = {"id": fault.id, "matched": fault.matched, "applied": fault.applied}
    return {**render_rule(fault.rule), **counts}


def _json(document: object, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")


async def _client_gone(_: Request, _error: Exception) -> Response:
    """Return the response to a request whose client has disconnected; nobody gets it."""
    return Response(status_code=400)


async def _server_error(_: Request, error: Exception) -> Response:
    """Return a 500 with the message of an error that is not the client's, such as a full disk.

    If the error has no message, the message is the name of the error's class.
    """
    return _error(500, str(error) or type(error).__name__)


async def _routing_error(request: Request, error: Exception) -> Response:
    """Return the response for a path (404) or a method (405) without a route."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    target = f"{request.method} {request.url.path}"
    return _error(status, f"{target} is not in the control API: see docs/testing.md.")


def _error(status: int, message: str) -> Response:
    return _json({"error": message}, status)
