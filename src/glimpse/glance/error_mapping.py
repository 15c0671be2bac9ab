"""Error mapping: turns error responses and failed requests into errors of `images.errors`."""

from http import HTTPStatus

from glimpse.glance.error_text import extract_reason
from glimpse.images.errors import (
    Conflict,
    Forbidden,
    ImageNotFound,
    ImageServiceError,
    Invalid,
    InvalidResponse,
    MarkerNotFound,
    MarkerNotVisible,
    NotAuthenticated,
    ServiceError,
    Unavailable,
)
from glimpse.upstream.errors import ProtocolError, ResponseTooLarge, UpstreamError
from glimpse.upstream.transport import Response

_MAX_RETRY_AFTER = 3600  # seconds


class TooLarge(InvalidResponse):
    """A response has too many bytes, or more than 100,000 opening brackets and braces.

    `GlanceRequest.max_response_bytes` is the limit for a body; a head may have 64 kB. If the
    response is a page of a list, a request for fewer images may succeed.
    """


def error_from_failure(error: UpstreamError | TimeoutError) -> ServiceError:
    """Return the error to raise for a request that has no usable response.

    ResponseTooLarge becomes TooLarge. ProtocolError, for a response that is not HTTP or incomplete,
    becomes InvalidResponse. Every other error becomes Unavailable. The text of the result is for
    clients. The text has no part of `error`, which may name hosts.
    """
    if isinstance(error, ResponseTooLarge):
        return TooLarge("The Image service's response is too large.")
    if isinstance(error, ProtocolError):
        return InvalidResponse("The Image service's response is not complete.")
    if isinstance(error, TimeoutError):
        return Unavailable("The Image service did not respond in time.")
    return Unavailable("The Image service cannot be reached.")


def image_error(response: Response, image_id: str) -> ImageServiceError:
    """Return the error for an unsuccessful response to a request about one image.

    The error is ImageNotFound for 404, otherwise the error of `error_from_response`.
    """
    if response.status == HTTPStatus.NOT_FOUND:
        return ImageNotFound(image_id)
    return error_from_response(response)


def list_error(response: Response, marker: str | None) -> ImageServiceError:
    """Return the error for an unsuccessful response to a list request.

    `marker` is the marker of the request, or None. If the reason in the response contains the
    marker, the error is MarkerNotFound for 400 and MarkerNotVisible for 403. Otherwise the error is
    the one of `error_from_response`.
    """
    reason = extract_reason(response.body)
    if marker and response.status == HTTPStatus.BAD_REQUEST and marker in reason:
        return MarkerNotFound(marker)
    if marker and response.status == HTTPStatus.FORBIDDEN and marker in reason:
        return MarkerNotVisible(marker)
    return error_from_response(response)


def error_from_response(  # noqa: PLR0911  a table reads best in one piece
    response: Response,
) -> ImageServiceError:
    """Return the error for the status code of an unsuccessful response.

    - Invalid for 400, 413, 414 and 431
    - NotAuthenticated for 401
    - Forbidden for 403
    - Conflict for 409
    - Unavailable for 429 and 5xx. Its ``retry_after`` is Retry-After in seconds, from 1 to 3,600;
      1 if the header is missing or a date.
    - InvalidResponse for all other status codes, such as redirects and 404. Use `image_error` if a
      404 means that an image does not exist.

    If a response with 400, 403, 409 or 413 has a reason in its body, that reason is the error's
    text.
    """
    reason = extract_reason(response.body)
    match response.status:
        case 400 | 413:
            return Invalid(reason or "The Image service refused the request.")
        case 414 | 431:
            return Invalid("The request is too long for the Image service.")
        case 401:
            return NotAuthenticated("The Image service does not accept the token.")
        case 403:
            return Forbidden(reason or "The Image service forbids it.")
        case 409:
            return Conflict(reason or "The image is in a state in which this cannot be done.")
        case 429:
            return Unavailable("The Image service is too busy.", _retry_after(response))
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable(f"The Image service responded {status}.", _retry_after(response))
    return InvalidResponse(f"The Image service responded {response.status}.")


def _retry_after(response: Response) -> int:
    """Return the seconds in Retry-After, 1 to 3,600; 1 if the header is no whole number."""
    value = response.header(b"retry-after")
    if value and value.isascii() and value.isdigit():
        return min(max(1, int(value[:9])), _MAX_RETRY_AFTER)
    return 1
