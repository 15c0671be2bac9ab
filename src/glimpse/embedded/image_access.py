"""Image access: which images a caller may see, change and delete. Pure."""

from glimpse.embedded.catalog import Record
from glimpse.images import Action, Caller, Image, Permissions
from glimpse.images.errors import Forbidden, ImageNotFound


def is_visible(caller: Caller, record: Record) -> bool:
    """Return True if the caller may see the image by its id.

    The record's membership is that of the caller's project. A member of any status may see the
    image, since it has to be able to read the image before it accepts (the Image service's rule).
    """
    image, membership = record
    return (
        caller.is_admin
        or (image.owner is None and image.visibility != "private")
        or image.visibility in ("public", "community")
        or caller.project_id == image.owner
        or (image.visibility == "shared" and membership is not None)
    )


def is_editable(caller: Caller, image: Image) -> bool:
    """Return True if the caller may change or delete the image."""
    return caller.is_admin or (image.owner is not None and caller.project_id == image.owner)


def require_visible(caller: Caller, record: Record, permissions: Permissions) -> Image:
    """Return the record's image. Raises ImageNotFound if the caller may not see it."""
    if not is_visible(caller, record):
        raise ImageNotFound(record.image.id)
    permissions.check_visible(caller, record.image)
    return record.image


def require_editable(
    caller: Caller,
    record: Record,
    permissions: Permissions,
    action: Action = Action.MODIFY_IMAGE,
) -> Image:
    """Return the record's image. Raises ImageNotFound, or Forbidden if `action` is not allowed.

    Only the image's owner and an admin may change it, even if a policy rule allows others to. In
    Glance, too, the database layer checks the owner after the policy.
    """
    image = require_visible(caller, record, permissions)
    permissions.check(caller, action, image)
    if not is_editable(caller, image):
        raise Forbidden(f"You are not permitted to modify image {image.id}.")
    return image


def require_deletable(caller: Caller, record: Record, permissions: Permissions) -> Image:
    """Return the record's image.

    Raises ImageNotFound, and Forbidden if the caller may not delete it or it is protected.
    """
    image = require_editable(caller, record, permissions, Action.DELETE_IMAGE)
    if image.protected:
        raise Forbidden(f"Image {image.id} is protected and cannot be deleted.")
    return image


def check_visibility(
    caller: Caller, image: Image, visibility: str, permissions: Permissions
) -> None:
    """Raise Forbidden if the caller may not give the image that visibility."""
    if visibility == "public":
        permissions.check(caller, Action.PUBLICIZE_IMAGE, image)
    elif visibility == "community":
        permissions.check(caller, Action.COMMUNITIZE_IMAGE, image)
