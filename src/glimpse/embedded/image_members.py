"""ImageMembers: shares images with other projects."""

from collections.abc import Callable

from glimpse.embedded import image_permissions
from glimpse.embedded.catalog import Catalog
from glimpse.images import Action, Caller, Permissions


class ImageMembers:
    """Changes which projects are members of an image; checks permissions.

    An `image_id` may be in upper or lower case. Any method may raise Unavailable.
    """

    def __init__(
        self, catalog: Catalog, permissions: Permissions, clock: Callable[[], str]
    ) -> None:
        """`clock` returns the current time as an image's date: ``2024-02-01T10:20:30Z``."""
        self._catalog = catalog
        self._permissions = permissions
        self._clock = clock

    async def set(
        self, caller: Caller, image_id: str, member_id: str, status: str = "pending"
    ) -> None:
        """Share an image with the project `member_id`, or change the status of its membership.

        `status` is one of "pending", "accepted" and "rejected", which is not checked. The image's
        visibility does not change. Raises ImageNotFound. Raises Forbidden without the permission to
        add members, and if `caller` neither owns the image nor is an admin: so a member cannot
        accept the image by this method.
        """
        await self._catalog.set_member(
            image_id.lower(),
            caller.project_id,
            lambda record: image_permissions.require_editable(
                caller, record, self._permissions, Action.ADD_MEMBER
            ),
            (member_id, status, self._clock()),
        )
