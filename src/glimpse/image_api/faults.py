"""Error responses of the Image API v2, and the errors that only this API raises."""

import html
from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from glimpse.embedded.content_check import InvalidImageData
from glimpse.embedded.directory_store import DataTooLarge, StorageFull
from glimpse.embedded.image_data import NoData
from glimpse.embedded.quotas import QuotaExceeded
from glimpse.http.accept import best_offer
from glimpse.identity.service import IdentityError, IdentityUnavailable, Unauthorized
from glimpse.images import errors
from glimpse.telemetry.redaction import header_value


class RequestTooLarge(errors.ImageServiceError):
    """The request's JSON body has more than request_parsing.MAX_BODY bytes."""


class MethodNotAllowed(errors.ImageServiceError):
    """The path does not have the request's method.

    `allowed` is the value of the header Allow, such as ``GET, POST``.
    """

    def __init__(self, allowed: str) -> None:
        super().__init__(f"The method specified is not allowed for this resource: use {allowed}.")
        self.allowed = allowed


class NotEnabled(errors.NotFound):
    """The operator has not enabled the feature that the request needs."""


class UnsupportedMediaType(errors.ImageServiceError):
    """The media type of the request's body is not supported.

    `accepted` is a comma-separated list of the supported media types.
    """

    def __init__(self, message: str, accepted: str) -> None:
        super().__init__(message)
        self.accepted = accepted


class NotOffered(errors.ImageServiceError):
    """Glance has the requested route, but this Image API does not offer it."""


class RangeNotSatisfiable(errors.ImageServiceError):
    """The Range header is not a range of bytes, or selects no byte of the data.

    `size` is the size of the data in bytes.
    """

    def __init__(self, message: str, size: int) -> None:
        super().__init__(message)
        self.size = size


# An error whose class is not listed has the status of its nearest base class that is listed.
_STATUS: dict[type[Exception], HTTPStatus] = {
    NoData: HTTPStatus.NO_CONTENT,
    RequestTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    NotOffered: HTTPStatus.NOT_IMPLEMENTED,
    InvalidImageData: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    DataTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    StorageFull: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,  # as in the Image service
    QuotaExceeded: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.PropertyLimitExceeded: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.MarkerNotVisible: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.Invalid: HTTPStatus.BAD_REQUEST,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.InvalidResponse: HTTPStatus.BAD_GATEWAY,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    IdentityUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    ClientDisconnect: HTTPStatus.BAD_REQUEST,
}
# The titles of statuses for which HTTPStatus has other words, in all or in newer Pythons.
_TITLES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Request Entity Too Large",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "Request Range Not Satisfiable",
}
HANDLED = (errors.ImageServiceError, IdentityError, ClientDisconnect, HTTPException)


def fault_response(request: Request, error: Exception, challenge: str) -> Response:
    """Return the response to a request whose handler raised `error`, one of HANDLED.

    An HTTPException has its own status code. Any other error has the status code in _STATUS, or 500
    if it is not there. `render_fault` makes the body in the format that the Accept header prefers.
    NoData becomes a 204 without a body.

    A 401 has WWW-Authenticate with the value `challenge`. Some other errors add a header:

    - MethodNotAllowed adds Allow.
    - RangeNotSatisfiable adds Content-Range.
    - Unavailable and IdentityUnavailable add Retry-After.
    - UnsupportedMediaType adds Accept-Patch if the request was a PATCH.
    """
    status = _status(error)
    headers = _headers(error, status, challenge)
    if status is HTTPStatus.NO_CONTENT:
        return Response(status_code=status, headers=headers)
    body, media_type = render_fault(
        status, _message(error, status), request.headers.get("accept", "")
    )
    return Response(body, status_code=status, headers=headers, media_type=media_type)


def render_fault(status: HTTPStatus, message: str, accept: str) -> tuple[bytes, str]:
    """Return the body of an error response, and the media type of the body.

    The body is JSON or HTML, as the Accept header `accept` prefers. A malformed header gets HTML. A
    header that accepts neither, or is "", gets plain text. The Image service does the same.
    """
    phrase = _TITLES.get(status, status.phrase)
    title = f"{status.value} {phrase}"
    media_type = best_offer(accept, ("text/html", "application/json"))
    if media_type == "application/json":
        content = {"message": message, "code": title, "title": phrase}
        return orjson.dumps(content), "application/json"
    if media_type == "text/html":
        page = (
            f"<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n"
            f"  {html.escape(message)}<br /><br />\n </body>\n</html>"
        )
        return page.encode(), "text/html"
    return f"{title}\n\n{message}\n".encode(), "text/plain"


def _status(error: Exception) -> HTTPStatus:
    """Return the status code for an error: an HTTPException's own, or the code in _STATUS.

    Returns 500 if _STATUS has neither the error's class nor a base class.
    """
    if isinstance(error, HTTPException):
        return HTTPStatus(error.status_code)
    status_codes = (_STATUS[ancestor] for ancestor in type(error).__mro__ if ancestor in _STATUS)
    return next(status_codes, HTTPStatus.INTERNAL_SERVER_ERROR)


def _message(error: Exception, status: HTTPStatus) -> str:
    """Return the text for the client: usually the error's message.

    ImageNotFound, errors of status 401, and an HTTPException of status 404 have the Image
    service's wording instead. Any other HTTPException has the text "".
    """
    if isinstance(error, errors.ImageNotFound):
        return f"No image found with ID {error.image_id}"
    if isinstance(error, HTTPException):
        return "The resource could not be found." if status.value == HTTPStatus.NOT_FOUND else ""
    if status is HTTPStatus.UNAUTHORIZED:
        return "This server could not verify that you are authorized to access this document."
    return str(error)


def _headers(error: Exception, status: HTTPStatus, challenge: str) -> dict[str, str]:
    """Return the headers that only some error responses have; {} for most errors.

    The headers are WWW-Authenticate with the value `challenge` for a 401, Allow for
    MethodNotAllowed, Accept-Patch for a PATCH of an unsupported media type, Content-Range for
    RangeNotSatisfiable, and Retry-After for an unavailable service.
    """
    if status is HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": header_value(challenge)}
    match error:
        case MethodNotAllowed():
            return {"Allow": error.allowed}
        case UnsupportedMediaType():
            return {"Accept-Patch": error.accepted} if "patch" in error.accepted else {}
        case RangeNotSatisfiable():
            return {"Content-Range": f"bytes */{error.size}"}
        case errors.Unavailable() | IdentityUnavailable():
            return {"Retry-After": str(error.retry_after)}
    return {}
