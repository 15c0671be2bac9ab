"""What an image service can answer instead of what was asked.

ImageServiceError
├── NotFound
│   ├── ImageNotFound         no such image, or none that the caller may know of
│   └── PropertyNotFound      the image has no such property
├── Forbidden                 the caller sees it but may not do that
│   ├── MarkerNotVisible      the marker exists, but is not the caller's to see
│   └── PropertyLimitExceeded more properties than allowed
├── Invalid                   the request itself is at fault; the message says what is
│   └── MarkerNotFound        nobody knows the marker
├── Conflict                  the image is in a state in which that cannot be done (in use, say)
├── NotAuthenticated          the image service no longer accepts the caller's token
└── ServiceError              the image service's own trouble, not the client's
    ├── Unavailable           down, or too slow; `retry_after` seconds may help
    └── InvalidResponse             it answered, but the answer makes no sense
"""


class ImageServiceError(Exception):
    """Base of them all; ``str(error)`` is a sentence that a client may read."""


class NotFound(ImageServiceError):
    """What was named does not exist for this caller."""


class ImageNotFound(NotFound):
    """No such image, or none that the caller may know of."""

    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image {image_id} could not be found.")
        self.image_id = image_id


class PropertyNotFound(NotFound):
    """The image has no property ``key``."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The image has no property {key}.")
        self.key = key


class Forbidden(ImageServiceError):
    """The caller may see the image but not do this to it."""


class MarkerNotVisible(Forbidden):
    """The marker names an image that the caller may not see."""

    def __init__(self, marker: str) -> None:
        super().__init__(f"Forbidding request, image {marker} not visible")
        self.marker = marker


class PropertyLimitExceeded(Forbidden):
    """After the change the image would have more properties than ``limit``."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"An image may have at most {limit} properties.")
        self.limit = limit


class Invalid(ImageServiceError):
    """The request is at fault; the message says how."""


class MarkerNotFound(Invalid):
    """Nobody knows the marker."""

    def __init__(self, marker: str) -> None:
        super().__init__(f"No image found with ID {marker}")
        self.marker = marker


class Conflict(ImageServiceError):
    """The image is in a state in which this cannot be done."""


class NotAuthenticated(ImageServiceError):
    """The image service does not accept the caller's token any more."""


class ServiceError(ImageServiceError):
    """The image service's own trouble."""


class Unavailable(ServiceError):
    """The image service is down or too slow; another try after ``retry_after`` seconds may help."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidResponse(ServiceError):
    """The image service answered something that makes no sense."""
