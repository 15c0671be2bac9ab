"""Faults: the Compute API's error answers, and the one place that makes them of domain errors."""

from glimpse.compute.microversions import Microversion
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
    """An error answer: ``{"<name>": {"code": status, "message": message}}``.

    `retry_after` is in seconds; `version` is the microversion to show in the headers when it is
    not the request's own.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        retry_after: int | None = None,
        version: Microversion | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.version = version

    def document(self) -> dict[str, object]:
        """The body, as the Compute API names its faults."""
        name = FAULT_NAMES.get(self.status, "computeFault")
        return {name: {"code": self.status, "message": self.message}}


def no_such_resource() -> Fault:
    """The 404 that names nothing."""
    return Fault(404, "The resource could not be found.")


def fault_from_error(error: errors.ImageServiceError) -> Fault:
    """The fault for what an image service answered instead of what was asked.

    Wording and status as a deployed Compute API has them; its repeated words of the Image service
    are not HTML-escaped (repair R9) and its trouble is 502 or 503, never 500 (R8).
    """
    if isinstance(error, errors.Unavailable):
        return Fault(503, str(error), retry_after=error.retry_after)
    for kind, status, message in _FAULTS:
        if isinstance(error, kind):
            return Fault(status, message.format(error))
    return Fault(502, str(error), retry_after=1)


# The first that fits counts; {} is what the image service said.
_FAULTS: tuple[tuple[type[errors.ImageServiceError], int, str], ...] = (
    (errors.ImageNotFound, 404, "Image not found."),
    (errors.PropertyNotFound, 404, "Invalid metadata key"),
    (errors.NotFound, 404, "The resource could not be found."),
    (errors.PropertyLimitExceeded, 403, "Image metadata limit exceeded"),
    (errors.Forbidden, 403, "HTTP 403 Forbidden: {}"),
    (errors.Invalid, 400, "HTTP 400 Bad Request: {}"),
    (errors.Conflict, 409, "{}"),
)
