"""Decide by owner and visibility if callers may see, change or delete an image. Pure.

`images.permissions` decides by roles and policy rules. `listing_rule` decides which images are
in a list.
"""

from glimpse.embedded.catalog import Record
from glimpse.images import Action, Caller, Image, Permissions
from glimpse.images.errors import Forbidden, ImageNotFound


def is_visible(caller: Caller, record: Record) -> bool:
    """Return True if the image's owner and visibility let the caller see the image by its id.

    The record must have the membership of the caller's project. Policy rules are not checked. An
    admin sees all images. Other callers see these images:

    - images of their project
    - public and community images
    - shared images that no project owns
    - shared images of which the caller's project is a member. The membership may have any status,
      because a member reads the image before accepting it.

    A caller without a project also sees private images that no project owns.
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
    """Return True if the caller is an admin, or the caller's project owns the image.

    An image that no project owns can be edited only by admins.
    """
    return caller.is_admin or (image.owner is not None and caller.project_id == image.owner)


def require_visible(caller: Caller, record: Record, permissions: Permissions) -> Image:
    """Return the record's image. Raises ImageNotFound if the caller may not see the image.

    The image's owner and visibility (see `is_visible`) and `permissions` must both allow the caller
    to see the image. The record must have the membership of the caller's project.
    """
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
    """Return the record's image if the caller may do `action`, which changes the image.

    Raises ImageNotFound if the caller may not see the image. Raises Forbidden if the caller has no
    permission for `action`, or neither owns the image nor is an admin. A policy rule cannot let
    another project change the image: as in Glance, the owner is always checked.
    """
    image = require_visible(caller, record, permissions)
    permissions.check(caller, action, image)
    if not is_editable(caller, image):
        raise Forbidden(f"You are not permitted to modify image {image.id}.")
    return image


def require_deletable(caller: Caller, record: Record, permissions: Permissions) -> Image:
    """Return the record's image if the caller may delete the image.

    Raises ImageNotFound if the caller may not see the image. Raises Forbidden in these cases:

    - The caller has no permission to delete images.
    - The caller neither owns the image nor is an admin.
    - The image is protected.
    """
    image = require_editable(caller, record, permissions, Action.DELETE_IMAGE)
    if image.protected:
        raise Forbidden(f"Image {image.id} is protected and cannot be deleted.")
    return image


def check_visibility(
    caller: Caller, image: Image, visibility: str, permissions: Permissions
) -> None:
    """Raise Forbidden if the caller may not give the image this visibility.

    "public" needs the permission `publicize_image`, and "community" the permission
    `communitize_image`. Every caller may give any other visibility; the text is not validated.
    """
    if visibility == "public":
        permissions.check(caller, Action.PUBLICIZE_IMAGE, image)
    elif visibility == "community":
        permissions.check(caller, Action.COMMUNITIZE_IMAGE, image)


def check_member_action(
    caller: Caller, image: Image, permissions: Permissions, action: Action
) -> None:
    """Raise Forbidden if the caller may not do `action` with the members of a shared image.

    Raises ImageNotFound if the caller has no permission to get the image. Call `is_visible` before:
    whether the caller may see this image is not checked here.

    If the operator has a policy rule for `action`, the rule decides. Otherwise the caller's role
    must allow `action`, and a caller who is no admin needs more:

    - To add or remove members, the caller's project must own the image.
    - To change the status of a membership, the caller's project must not own the image.
    """
    permissions.check_visible(caller, image)
    permissions.check(caller, action, image)
    if permissions.has_rule(action) or caller.is_admin:
        return
    is_owner = caller.project_id == image.owner
    refused = {
        Action.ADD_MEMBER: not is_owner,
        Action.DELETE_MEMBER: not is_owner,
        Action.MODIFY_MEMBER: is_owner,
    }
    if refused.get(action, False):
        raise Forbidden(f"You are not authorized to complete {action} action.")
