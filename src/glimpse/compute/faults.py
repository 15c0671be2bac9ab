"""Fault, an error of the Compute API: its JSON body, and faults for errors of services."""

from collections.abc import Sequence

from glimpse.http.responses import Header
from glimpse.identity import IdentityUnavailable
from glimpse.images import errors

METADATA_LIMIT_EXCEEDED = "Image metadata limit exceeded"
_FAULT_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}


class Fault(Exception):
    """An error response of the Compute API, as an exception.

    Handlers raise it, and so do the parsing and the checks of a request.

    `status` is the HTTP status code. `message` is shown to the client. `retry_after` is in seconds;
    None sends no Retry-After header. `headers` are additional response headers.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        retry_after: int | None = None,
        headers: Sequence[Header] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.headers = headers


def fault_document(fault: Fault) -> dict[str, object]:
    """Return the body for a fault: ``{"itemNotFound": {"code": 404, "message": ...}}``.

    A status that is not in _FAULT_NAMES has the name ``computeFault``.
    """
    name = _FAULT_NAMES.get(fault.status, "computeFault")
    return {name: {"code": fault.status, "message": fault.message}}


def no_such_resource() -> Fault:
    """Return the 404 fault for a metadata item or an operation that does not exist."""
    return Fault(404, "The resource could not be found.")


def fault_from_error(error: errors.ImageServiceError | IdentityUnavailable) -> Fault:
    """Return the fault for an error that the image service or the identity service raised.

    - NotFound becomes a 404, Forbidden a 403, Invalid a 400, and Conflict a 409. The messages are
      those of a deployed Compute API, without its HTML escapes (docs/differences.md).
    - Unavailable and IdentityUnavailable become a 503 with their own message and `retry_after`.
    - InvalidResponse, and any other error, becomes a 502 with its own message and a Retry-After of
      one second. (A deployed Compute API responds with 500.)

    Do not pass NotAuthenticated: respond with a 401 instead, which is not a fault.
    """
    if isinstance(error, errors.Unavailable | IdentityUnavailable):
        return Fault(503, str(error), retry_after=error.retry_after)
    for kind, status, message in _FAULTS:
        if isinstance(error, kind):
            return Fault(status, message.format(error))
    return Fault(502, str(error), retry_after=1)


# Status and message of each error class; the first row that fits counts. {} is the error's message.
_FAULTS: tuple[tuple[type[errors.ImageServiceError], int, str], ...] = (
    (errors.ImageNotFound, 404, "Image not found."),
    (errors.PropertyNotFound, 404, "Invalid metadata key"),
    (errors.NotFound, 404, "The resource could not be found."),
    (errors.PropertyLimitExceeded, 403, METADATA_LIMIT_EXCEEDED),
    (errors.Forbidden, 403, "HTTP 403 Forbidden: {}"),
    (errors.Invalid, 400, "HTTP 400 Bad Request: {}"),
    (errors.Conflict, 409, "{}"),
)
