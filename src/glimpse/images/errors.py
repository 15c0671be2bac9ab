"""Errors that image services raise.

ImageServiceError
├── NotFound
│   ├── ImageNotFound         no such image, or the caller may not see it
│   └── PropertyNotFound      the image has no such property
├── Forbidden                 the caller, or anybody, may not do this
│   ├── MarkerNotVisible      the marker exists, but the caller may not see it
│   └── PropertyLimitExceeded more properties than allowed
├── Invalid                   the request is malformed or too long, or has an invalid value
│   └── MarkerNotFound        no image has the marker as its id
├── Conflict                  the present state does not allow it (the image is in use, for example)
├── NotAuthenticated          the image service does not accept the caller's token
└── ServiceError              the image service failed; the request may be fine
    ├── Unavailable           down, slow or busy; a retry after `retry_after` seconds may succeed
    └── InvalidResponse       the image service, or its database, sent what cannot be used

Other modules derive further errors, such as `embedded.quotas.QuotaExceeded`.
"""


class ImageServiceError(Exception):
    """Base of all errors that image services raise. The message may be shown to clients."""


class NotFound(ImageServiceError):
    """Something that the request names or needs does not exist, or the caller may not see it."""


class ImageNotFound(NotFound):
    """No image has the id ``image_id``, or the caller may not see the image."""

    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image {image_id} could not be found.")
        self.image_id = image_id


class PropertyNotFound(NotFound):
    """The image has no property ``key``."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The image has no property {key}.")
        self.key = key


class Forbidden(ImageServiceError):
    """The caller has no permission for the request, or nobody may do what it asks for.

    For example, nobody may delete a protected image or set a read-only attribute. If the caller
    cannot even see the image, ImageNotFound is raised instead. MarkerNotVisible is raised if that
    image is the marker of a list.
    """


class MarkerNotVisible(Forbidden):
    """An image has the marker as its id, but the caller may not see the image."""

    def __init__(self, marker: str) -> None:
        super().__init__(f"Forbidding request, image {marker} not visible")
        self.marker = marker


class PropertyLimitExceeded(Forbidden):
    """The change would leave the image with more than ``limit`` properties."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"An image may have at most {limit} properties.")
        self.limit = limit


class Invalid(ImageServiceError):
    """The request is malformed or too long, or has an invalid value. The message says why."""


class MarkerNotFound(Invalid):
    """No image (or, in a list of tasks, no task) has the marker as its id."""

    def __init__(self, marker: str) -> None:
        super().__init__(f"No image found with ID {marker}")
        self.marker = marker


class Conflict(ImageServiceError):
    """The request conflicts with the present state, in most cases with that of the image.

    Examples: the image is in use; its status does not allow the operation; its id is taken; it
    already has the member or the property; a store that the request names does not exist.
    """


class NotAuthenticated(ImageServiceError):
    """The image service does not accept the caller's token, which may have expired meanwhile."""


class ServiceError(ImageServiceError):
    """The image service failed. The request may be correct."""


class Unavailable(ServiceError):
    """The image service cannot serve the request now: it is down, stopping, too slow or busy.

    A retry in ``retry_after`` seconds may succeed. The embedded image service also raises this
    error if its disk cannot be read or written.
    """

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidResponse(ServiceError):
    """The image service sent a response that cannot be used, or its database an invalid row.

    For example, the response is incomplete, too large or not JSON, or has an unexpected status.
    """
