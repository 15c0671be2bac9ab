"""Decide by owner and visibility which images callers may see by id, change, delete. Pure.

Roles and policy rules are those of `images.role_permissions`; lists have `listing_rule`.
"""

from glimpse.embedded.catalog import Record
from glimpse.images import Action, Caller, Image, Permissions
from glimpse.images.errors import Forbidden, ImageNotFound


def is_visible(caller: Caller, record: Record) -> bool:
    """Return True if the image's owner and visibility let the caller see it by its id.

    An admin sees all images. Others see the images of their project, public and community images,
    images that no project owns (private ones only if the caller has no project), and shared images
    of which their project is a member, whatever the membership's status: a member reads the image
    before it accepts it.
    The record must have the membership of the caller's project. Policy rules are not checked.
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
    """Return True if the caller is an admin, or in the project that owns the image."""
    return caller.is_admin or (image.owner is not None and caller.project_id == image.owner)


def require_visible(caller: Caller, record: Record, permissions: Permissions) -> Image:
    """Return the record's image if the caller may see it. Raises ImageNotFound if not.

    Both the image's visibility (`is_visible`) and `permissions` must allow it. The record must have
    the membership of the caller's project.
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

    Raises ImageNotFound if the caller may not see the image. Raises Forbidden without the
    permission for `action`, and if the caller neither owns the image nor is an admin. A policy rule
    cannot allow that to another project, because Glance's database layer checks the owner, too.
    """
    image = require_visible(caller, record, permissions)
    permissions.check(caller, action, image)
    if not is_editable(caller, image):
        raise Forbidden(f"You are not permitted to modify image {image.id}.")
    return image


def require_deletable(caller: Caller, record: Record, permissions: Permissions) -> Image:
    """Return the record's image if the caller may delete it.

    Raises ImageNotFound if the caller may not see it. Raises Forbidden without the permission, if
    the caller neither owns the image nor is an admin, and for a protected image.
    """
    image = require_editable(caller, record, permissions, Action.DELETE_IMAGE)
    if image.protected:
        raise Forbidden(f"Image {image.id} is protected and cannot be deleted.")
    return image


def check_visibility(
    caller: Caller, image: Image, visibility: str, permissions: Permissions
) -> None:
    """Raise Forbidden unless the caller may give the image this visibility.

    "public" and "community" need a permission; any other text is allowed to every caller.
    """
    if visibility == "public":
        permissions.check(caller, Action.PUBLICIZE_IMAGE, image)
    elif visibility == "community":
        permissions.check(caller, Action.COMMUNITIZE_IMAGE, image)


def check_member_action(
    caller: Caller, image: Image, permissions: Permissions, action: Action
) -> None:
    """Check that the caller may do `action` with the members of a shared image that it sees.

    Raises ImageNotFound without the permission to get the image; Forbidden without the permission
    for `action`. Unless a policy rule decides, only the project that owns the image, and admins,
    add and remove members; only a member, and admins, change the status of a membership.
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
