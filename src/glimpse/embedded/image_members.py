"""ImageMembers: shares images with other projects, which accept or reject them."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from glimpse.embedded.catalog import Catalog, Member, Record
from glimpse.embedded.image_permissions import check_member_action, is_visible
from glimpse.embedded.quotas import ImageQuotas
from glimpse.images import Action, Caller, Image, Permissions
from glimpse.images.errors import (
    Conflict,
    Forbidden,
    ImageNotFound,
    Invalid,
    NotFound,
)

MEMBER_STATUSES = ("pending", "accepted", "rejected")


class MemberNotFound(NotFound):
    """The project is no member of the image, or the caller may not see the membership."""

    def __init__(self, member_id: str, image_id: str) -> None:
        super().__init__(f"{member_id} not found in the member list of the image {image_id}.")


class ImageMembers:
    """Shows and changes which projects are members of an image; checks permissions.

    The project that owns the image, and admins, see all members; another project sees its own
    membership only. Any method raises ImageNotFound if there is no such image, or `caller` may not
    see it, and may raise Unavailable. An `image_id` may be in upper or lower case.
    """

    def __init__(
        self,
        catalog: Catalog,
        permissions: Permissions,
        quotas: ImageQuotas,
        clock: Callable[[], str],
    ) -> None:
        """`clock` returns the current time as an image's date: ``2024-02-01T10:20:30Z``."""
        self._catalog = catalog
        self._permissions = permissions
        self._quotas = quotas
        self._clock = clock

    async def list(self, caller: Caller, image_id: str) -> Sequence[Member]:
        """Return the members that `caller` sees, the oldest membership first.

        Without the permission to get a member, there are none. Raises Forbidden if the image is not
        shared, and without the permission to get members.
        """
        image = await self._shared_image(caller, image_id)
        check_member_action(caller, image, self._permissions, Action.GET_MEMBERS)
        if not self._permissions.allows(caller, Action.GET_MEMBER, image):
            return ()
        return _seen_by(caller, image, await self._catalog.members(image.id))

    async def get(self, caller: Caller, image_id: str, member_id: str) -> Member:
        """Return the membership of the project `member_id`.

        Raises MemberNotFound if there is none, or `caller` may not see it; NotFound if the image is
        not shared, and without the permission to get a member.
        """
        try:
            image = await self._shared_image(caller, image_id)
            check_member_action(caller, image, self._permissions, Action.GET_MEMBER)
        except Forbidden as error:
            raise NotFound(str(error)) from None
        members = await self._catalog.members(image.id)
        return _find(caller, image, {member.member_id: member for member in members}, member_id)

    async def add(self, caller: Caller, image_id: str, member_id: str) -> Member:
        """Share an image with the project `member_id`, and return its membership, which is pending.

        The id of the project is stored as it is: whether there is such a project is not checked.
        Raises Forbidden if the image is not shared, without the permission to add members, and if
        `caller` neither owns the image nor is an admin; QuotaExceeded if it would have too many
        members; Conflict if the project is a member already.
        """

        def new_member(record: Record, members: Mapping[str, Member]) -> Member:
            image = _require_shared(caller, record)
            check_member_action(caller, image, self._permissions, Action.ADD_MEMBER)
            self._quotas.check_members(len(members) + 1)
            if member_id in members:
                raise Conflict(f"Member {member_id} is duplicated for image {image.id}")
            now = self._clock()
            return Member(member_id, "pending", now, now)

        return await self._catalog.change_member(
            image_id.lower(), caller.project_id, member_id, new_member
        )

    async def set_status(
        self, caller: Caller, image_id: str, member_id: str, status: object
    ) -> Member:
        """Set the status of the membership of the project `member_id`, and return it.

        Raises Forbidden if the image is not shared, without the permission to get and to modify a
        member, and if `caller` owns the image, unless it is an admin; MemberNotFound if there is no
        such membership, or `caller` may not see it; Invalid unless `status` is one of
        MEMBER_STATUSES. The first of these that applies is raised.
        """

        def changed_member(record: Record, members: Mapping[str, Member]) -> Member:
            member = self._require_permitted(
                caller, record, members, member_id, Action.MODIFY_MEMBER
            )
            if not isinstance(status, str) or status not in MEMBER_STATUSES:
                raise Invalid('Status must be "pending", "accepted" or "rejected".')
            return member._replace(status=status, updated_at=self._clock())

        return await self._catalog.change_member(
            image_id.lower(), caller.project_id, member_id, changed_member
        )

    async def remove(self, caller: Caller, image_id: str, member_id: str) -> None:
        """End the membership of the project `member_id`.

        Raises Forbidden if the image is not shared, without the permission to get and to delete a
        member, and if `caller` neither owns the image nor is an admin; MemberNotFound if there is
        no such membership, or `caller` may not see it.
        """

        def check(record: Record, members: Mapping[str, Member]) -> None:
            self._require_permitted(caller, record, members, member_id, Action.DELETE_MEMBER)

        await self._catalog.change_member(image_id.lower(), caller.project_id, member_id, check)

    async def _shared_image(self, caller: Caller, image_id: str) -> Image:
        """Return an image that is shared. Raises ImageNotFound or Forbidden."""
        record = await self._catalog.get(image_id.lower(), caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        return _require_shared(caller, record)

    def _require_permitted(
        self,
        caller: Caller,
        record: Record,
        members: Mapping[str, Member],
        member_id: str,
        action: Action,
    ) -> Member:
        """Return the membership of `member_id` if the caller may do `action` with it.

        Raises ImageNotFound, Forbidden or MemberNotFound.
        """
        image = _require_shared(caller, record)
        check_member_action(caller, image, self._permissions, Action.GET_MEMBER)
        member = _find(caller, image, members, member_id)
        check_member_action(caller, image, self._permissions, action)
        return member


def _require_shared(caller: Caller, record: Record) -> Image:
    """Return the record's image. Raises ImageNotFound if `caller` may not see it by its visibility.

    Raises Forbidden if the image is not shared. As in Glance, this comes before roles and rules.
    """
    if not is_visible(caller, record):
        raise ImageNotFound(record.image.id)
    if record.image.visibility != "shared":
        raise Forbidden("Only shared images have members.")
    return record.image


def _seen_by(caller: Caller, image: Image, members: Iterable[Member]) -> Sequence[Member]:
    """Return those of an image's members that the caller sees."""
    sees_all = caller.is_admin or caller.project_id == image.owner
    return [member for member in members if sees_all or member.member_id == caller.project_id]


def _find(caller: Caller, image: Image, members: Mapping[str, Member], member_id: str) -> Member:
    """Return the membership of `member_id`. Raises MemberNotFound if the caller sees none."""
    member = members.get(member_id)
    if member is None or not _seen_by(caller, image, (member,)):
        raise MemberNotFound(member_id, image.id)
    return member
