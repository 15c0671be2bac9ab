"""Deactivation: from which statuses an image is deactivated and reactivated. Pure.

As in Glance, whether a caller may do this is decided before: `Action.DEACTIVATE`.
"""

from glimpse.images.errors import Forbidden
from glimpse.images.image import Image


def deactivated(image: Image) -> Image:
    """Return a copy of the image in status deactivated.

    Raises Forbidden if the image is neither active nor deactivated.
    """
    return _with_status(image, "active", "deactivated", "deactivate")


def reactivated(image: Image) -> Image:
    """Return a copy of the image in status active.

    Raises Forbidden if the image is neither active nor deactivated.
    """
    return _with_status(image, "deactivated", "active", "reactivate")


def _with_status(image: Image, old: str, new: str, action: str) -> Image:
    """Return a copy of the image in status `new`.

    Raises Forbidden if the image's status is neither `old` nor `new`. `action` is a verb for the
    error's message, such as ``deactivate``.
    """
    if image.status not in (old, new):
        raise Forbidden(f"Not allowed to {action} image in status '{image.status}'")
    return image._replace(status=new)
