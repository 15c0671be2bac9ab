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

    Admins and the project that owns the image see all members. Another project sees only its own
    membership. Any method raises ImageNotFound if there is no such image or `caller` may not see
    the image. Any method may raise Unavailable. An `image_id` may be in upper or lower case.
    """

    def __init__(
        self,
        catalog: Catalog,
        permissions: Permissions,
        quotas: ImageQuotas,
        clock: Callable[[], str],
    ) -> None:
        """`clock` returns the current time in UTC as ``2024-02-01T10:20:30Z``."""
        self._catalog = catalog
        self._permissions = permissions
        self._quotas = quotas
        self._clock = clock

    async def list(self, caller: Caller, image_id: str) -> Sequence[Member]:
        """Return the members that `caller` sees, the oldest membership first.

        If `caller` may list members but may not get a member, returns an empty sequence. Raises
        ImageNotFound if `caller` sees no such image. Raises Forbidden if the image is not shared,
        or if `caller` may not list members.
        """
        image = await self._shared_image(caller, image_id)
        check_member_action(caller, image, self._permissions, Action.GET_MEMBERS)
        if not self._permissions.allows(caller, Action.GET_MEMBER, image):
            return ()
        return _seen_by(caller, image, await self._catalog.members(image.id))

    async def get(self, caller: Caller, image_id: str, member_id: str) -> Member:
        """Return the membership of the project `member_id`.

        Raises ImageNotFound if `caller` sees no such image. Raises MemberNotFound if the project is
        no member or `caller` may not see the membership. Raises NotFound if the image is not shared
        or `caller` may not get members.
        """
        try:
            image = await self._shared_image(caller, image_id)
            check_member_action(caller, image, self._permissions, Action.GET_MEMBER)
        except Forbidden as error:
            raise NotFound(str(error)) from None
        members = await self._catalog.members(image.id)
        return _find(caller, image, {member.member_id: member for member in members}, member_id)

    async def add(self, caller: Caller, image_id: str, member_id: str) -> Member:
        """Share an image with the project `member_id`; return the membership, in status pending.

        The id of the project is stored unchanged, without a check that the project exists. Raises
        the first of these errors that applies:

        - ImageNotFound if `caller` sees no such image.
        - Forbidden if the image is not shared, or if `caller` may not add members. By default, only
          the project that owns the image and admins may.
        - QuotaExceeded if the image would have too many members.
        - Conflict if the project is already a member.
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
        """Set the status of the membership of the project `member_id`; return the membership.

        ``updated_at`` becomes the current time, even if the status stays the same. Raises the first
        of these errors that applies:

        - ImageNotFound if `caller` sees no such image.
        - Forbidden if the image is not shared, or if `caller` may not get members.
        - MemberNotFound if the project is no member or `caller` may not see the membership.
        - Forbidden if `caller` may not modify members. By default, only admins and the project
          `member_id` may set the status.
        - Invalid if `status` is not one of MEMBER_STATUSES.
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

        Raises the first of these errors that applies:

        - ImageNotFound if `caller` sees no such image.
        - Forbidden if the image is not shared, or if `caller` may not get members.
        - MemberNotFound if the project is no member or `caller` may not see the membership.
        - Forbidden if `caller` may not delete members. By default, only the project that owns the
          image and admins may.
        """

        def check(record: Record, members: Mapping[str, Member]) -> None:
            self._require_permitted(caller, record, members, member_id, Action.DELETE_MEMBER)

        await self._catalog.change_member(image_id.lower(), caller.project_id, member_id, check)

    async def _shared_image(self, caller: Caller, image_id: str) -> Image:
        """Return the image with this id.

        Raises ImageNotFound if there is no such image or `caller` may not see it. Raises Forbidden
        if the image is not shared.
        """
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
        """Return the membership of `member_id` if `caller` may do `action`.

        Raises the first of these errors that applies:

        - ImageNotFound if `caller` may not see the image.
        - Forbidden if the image is not shared, or if `caller` may not get members.
        - MemberNotFound if there is no such membership or `caller` may not see it.
        - Forbidden if `caller` may not do `action`.
        """
        image = _require_shared(caller, record)
        check_member_action(caller, image, self._permissions, Action.GET_MEMBER)
        member = _find(caller, image, members, member_id)
        check_member_action(caller, image, self._permissions, action)
        return member


def _require_shared(caller: Caller, record: Record) -> Image:
    """Return the record's image. Raises Forbidden if the image is not shared.

    Raises ImageNotFound if the image's owner, visibility and members do not let `caller` see the
    image. As in Glance, these checks come before the checks of roles and policy rules.
    """
    if not is_visible(caller, record):
        raise ImageNotFound(record.image.id)
    if record.image.visibility != "shared":
        raise Forbidden("Only shared images have members.")
    return record.image


def _seen_by(caller: Caller, image: Image, members: Iterable[Member]) -> Sequence[Member]:
    """Return the members that the caller may see, in the given order.

    An admin and the owner of the image may see all. Others may see only their own project's
    membership. A caller without a project counts as the owner of an image without an owner.
    """
    sees_all = caller.is_admin or caller.project_id == image.owner
    return [member for member in members if sees_all or member.member_id == caller.project_id]


def _find(caller: Caller, image: Image, members: Mapping[str, Member], member_id: str) -> Member:
    """Return the membership of `member_id`.

    Raises MemberNotFound if there is no such membership or the caller may not see it.
    """
    member = members.get(member_id)
    if member is None or not _seen_by(caller, image, (member,)):
        raise MemberNotFound(member_id, image.id)
    return member
