"""Visibility: which images Glance shows to a caller, and which images it lists.

The rules are those of Glance's database API (glance/db/utils.py and glance/db/sqlalchemy/api.py).
Glance's policy restricts them further: see `glance_database.policy`. `is_admin` is the result of
Glance's own rule ``context_is_admin`` for the caller.
"""

from glimpse.glance_database.conditions import Condition, all_of, any_of

_MEMBER = (
    "EXISTS (SELECT 1 FROM image_members m WHERE m.image_id = i.id AND m.deleted = false{more})"
)


def is_visible(
    owner: str | None, visibility: str, project_id: str | None, *, is_admin: bool, is_member: bool
) -> bool:
    """Return True if Glance shows an image to a caller who knows the image's id.

    `owner` and `visibility` are attributes of the image. `project_id` is the caller's project, or
    None. `is_member` is True if the image is shared with this project, with any member status.
    `is_member` is ignored if `project_id` is None.

    An admin sees every image. Everybody sees public images, community images, and images without an
    owner. In addition, a caller sees the images of `project_id`, and with `is_member` the images
    whose visibility is "shared".
    """
    if is_admin or owner is None or visibility in ("public", "community"):
        return True
    if project_id is None:
        return False
    return owner == project_id or (visibility == "shared" and is_member)


def membership(project_id: str | None, member_status: str) -> Condition:
    """Return the condition that the project is a member of an image ``i`` with this status.

    If `member_status` is "all", any status will do. If `project_id` is None, the condition is that
    the image has a member at all, with any status.
    """
    if project_id is None:
        return Condition(_MEMBER.format(more=""))
    if member_status == "all":
        return Condition(_MEMBER.format(more=" AND m.member = %s"), (project_id,))
    more = " AND m.member = %s AND m.status = %s"
    return Condition(_MEMBER.format(more=more), (project_id, member_status))


def list_condition(
    project_id: str | None,
    visibility: str | None,
    member_status: str,
    *,
    is_admin: bool,
) -> Condition | None:
    """Return the condition that images ``i`` in a caller's list meet; None if all images do.

    The list has the images that pass the filter of the query and that the caller may list. The
    filter is `visibility`, one of VISIBILITIES or None. These images pass:

    - None: community images of the caller's project, and all images that are not community images.
    - "all": all images.
    - any other value: images with this visibility.

    An admin may list all images. Another caller may list public and community images, the images of
    the caller's project, and the shared images of which this project is a member with
    `member_status` ("all": any status). Without a project, a caller may list the shared images that
    have any member.
    """
    if is_admin:
        return _listed_for_admin(project_id, visibility)
    shared = all_of((Condition("i.visibility = 'shared'"), membership(project_id, member_status)))
    own = [] if project_id is None else [Condition("i.owner = %s", (project_id,))]
    match visibility:
        case None:
            return any_of([Condition("i.visibility = 'public'"), *own, shared])
        case "all":
            return any_of([Condition("i.visibility IN ('public', 'community')"), *own, shared])
        case "public" | "community":
            return Condition(f"i.visibility = '{visibility}'")
        case _:
            return all_of((Condition("i.visibility = %s", (visibility,)), any_of([*own, shared])))


def _listed_for_admin(project_id: str | None, visibility: str | None) -> Condition | None:
    if visibility == "all":
        return None
    if visibility is not None:
        return Condition("i.visibility = %s", (visibility,))
    other = Condition("i.visibility <> 'community'")
    if project_id is None:
        return other
    return any_of((Condition("i.owner = %s", (project_id,)), other))
