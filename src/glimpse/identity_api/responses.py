"""Makes responses of the Identity API: for JSON documents and for exceptions."""

from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from glimpse.http import cache_header_values
from glimpse.http.bodies import ClientDisconnected
from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.errors import (
    BadRequest,
    ChangeNotSynced,
    Conflict,
    Forbidden,
    NotFound,
)
from glimpse.identity.embedded.login_queue import RETRY_AFTER, TooManyLogins
from glimpse.identity.service import IdentityUnavailable, Unauthorized
from glimpse.identity_api.documents.errors import render_error

# The caching headers of all responses. A response may override them.
PRIVATE = {name.decode().title(): value.decode() for name, value in cache_header_values.PRIVATE}
_UNAUTHORIZED = "The request you have made requires authentication."


class NoResponse(Response):
    """Stands for the response to a client that has closed the connection. Sends nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do nothing."""


def json_response(
    document: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Make a response with `document` as its JSON body.

    The response has ``Vary: X-Auth-Token`` and ``Cache-Control: private``, so that no shared cache
    stores the response. `headers` are added. A header ``Vary`` or ``Cache-Control`` in `headers`,
    in this spelling, replaces the default.
    """
    return Response(orjson.dumps(document), status, PRIVATE | (headers or {}), "application/json")


async def _bad_request(_: Request, error: Exception) -> Response:
    return json_response(render_error(400, str(error)), 400)


async def _unauthorized(request: Request, _: Exception) -> Response:
    """Make the response 401. The message is always the same.

    ``WWW-Authenticate`` has the URL at which clients log in.
    """
    # A client must not learn which names exist.
    challenge = f'Keystone uri="{base_url_of(request.scope)}/v3"'
    return json_response(render_error(401, _UNAUTHORIZED), 401, {"WWW-Authenticate": challenge})


async def _forbidden(_: Request, error: Exception) -> Response:
    return json_response(render_error(403, str(error)), 403)


async def _not_found(_: Request, error: Exception) -> Response:
    return json_response(render_error(404, str(error)), 404)


async def _conflict(_: Request, error: Exception) -> Response:
    return json_response(render_error(409, str(error)), 409)


async def _unavailable(_: Request, error: Exception) -> Response:
    retry_after = error.retry_after if isinstance(error, IdentityUnavailable) else 1
    headers = {"Retry-After": str(retry_after)}
    return json_response(render_error(503, str(error)), 503, headers)


async def _not_synced(_: Request, error: Exception) -> Response:
    """Make the response 503 to a change that was made, but could not be synced to the disk.

    The response has no Retry-After, because the client should not send the request again.
    """
    return json_response(render_error(503, str(error)), 503)


async def _too_many_logins(_: Request, __: Exception) -> Response:
    text = "Too many logins are waiting to be checked. Try again later."
    return json_response(render_error(429, text), 429, {"Retry-After": str(RETRY_AFTER)})


async def _client_gone(_: Request, __: Exception) -> Response:
    return NoResponse()


async def _http_exception(request: Request, error: Exception) -> Response:
    """Make the response for an HTTPException, such as Starlette's for an unknown path.

    The response has the status code and the headers of the exception. For 405, ``Allow`` has the
    methods of all routes of the path, and OPTIONS. Raises `error` if `error` is not an
    HTTPException.
    """
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if "Allow" in headers:  # Starlette lists the methods of only one of the routes of the path
        headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
    return json_response(render_error(error.status_code, error.detail), error.status_code, headers)


def _allowed_methods(request: Request) -> set[str]:
    """Return the methods of all routes that match the path of `request`, and OPTIONS.

    The names are in upper case.
    """
    found = {"OPTIONS"}  # every path has it: see `http.options_success`
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods
    return found


# By exception class. Each handler makes the response for an error that was raised in a route.
EXCEPTION_HANDLERS: dict[Any, Any] = {
    BadRequest: _bad_request,
    Unauthorized: _unauthorized,
    Forbidden: _forbidden,
    NotFound: _not_found,
    Conflict: _conflict,
    IdentityUnavailable: _unavailable,
    ChangeNotSynced: _not_synced,
    TooManyLogins: _too_many_logins,
    ClientDisconnected: _client_gone,
    ClientDisconnect: _client_gone,
    HTTPException: _http_exception,
}
