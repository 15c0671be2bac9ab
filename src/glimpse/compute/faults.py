"""Faults: the Compute API's error responses, and their table by the domain's errors."""

from collections.abc import Sequence

from glimpse.http.responses import Header
from glimpse.identity import IdentityUnavailable
from glimpse.images import errors

FAULT_NAMES = {
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
    """An error response: ``{"<name>": {"code": status, "message": message}}``.

    `retry_after` is in seconds; None sends no Retry-After header. `headers` are sent besides those
    that all faults have.
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

    def document(self) -> dict[str, object]:
        """The response body. A status without a name of its own is a ``computeFault``."""
        name = FAULT_NAMES.get(self.status, "computeFault")
        return {name: {"code": self.status, "message": self.message}}


def no_such_resource() -> Fault:
    """The 404 fault for a path or a metadata item that does not exist."""
    return Fault(404, "The resource could not be found.")


def fault_from_error(error: errors.ImageServiceError | IdentityUnavailable) -> Fault:
    """The fault for an error that the image service or the identity service raised.

    Status and wording are a deployed Compute API's, with two differences (docs/differences.md):
    the Image service's messages are not HTML-escaped, and a failure of a service is 502 or 503
    with a Retry-After header instead of 500.
    """
    if isinstance(error, errors.Unavailable | IdentityUnavailable):
        return Fault(503, str(error), retry_after=error.retry_after)
    for kind, status, message in _FAULTS:
        if isinstance(error, kind):
            return Fault(status, message.format(error))
    return Fault(502, str(error), retry_after=1)


# Status and message of each error; the first row that fits counts. {} is the error's own message.
_FAULTS: tuple[tuple[type[errors.ImageServiceError], int, str], ...] = (
    (errors.ImageNotFound, 404, "Image not found."),
    (errors.PropertyNotFound, 404, "Invalid metadata key"),
    (errors.NotFound, 404, "The resource could not be found."),
    (errors.PropertyLimitExceeded, 403, "Image metadata limit exceeded"),
    (errors.Forbidden, 403, "HTTP 403 Forbidden: {}"),
    (errors.Invalid, 400, "HTTP 400 Bad Request: {}"),
    (errors.Conflict, 409, "{}"),
)
