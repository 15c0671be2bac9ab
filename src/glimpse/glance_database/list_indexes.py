"""ListIndex: an index that finds images of a list; indexes_of_list: the indexes of a list."""

from collections.abc import Mapping
from typing import NamedTuple

from glimpse.glance_database.conditions import Condition, equals_any
from glimpse.images import ImageQuery


class ListIndex(NamedTuple):
    """An index that finds the images ``i`` that meet `condition`.

    `index_name` is an index of the table ``images``, and `join` is empty. If an index of another
    table finds the images, `index_name` is None, and `join` is the SQL that joins this table.
    `condition` may then name columns of the joined table.
    """

    condition: Condition
    index_name: str | None
    join: str = ""


# The visibilities with which an image is listed for everybody, by the visibility in the query.
_OF_EVERYBODY: Mapping[str | None, tuple[str, ...]] = {
    None: ("public",),
    "all": ("public", "community"),
}
_MEMBERS = "JOIN image_members m ON m.image_id = i.id AND m.deleted = false"


def indexes_of_list(
    query: ImageQuery, project_id: str | None, *, is_admin: bool
) -> list[ListIndex]:
    """Return indexes that together find all images of a list, and possibly other images.

    Only the ids, the owner and the visibility in `query` count. `project_id` is the caller's
    project, or None. If the query has neither ids nor an owner, the result is empty for an admin
    and for a caller without a project: no index finds the images of such a list.
    """
    if query.ids:
        return [ListIndex(equals_any("i.id", query.ids), "PRIMARY")]
    if query.owner is not None:
        return [_owner(query.owner)]
    if is_admin or project_id is None:
        return []
    if query.visibility in ("public", "community"):
        return [_visibility(query.visibility)]
    shared = Condition("m.member = %s", (project_id,))
    of_everybody = _OF_EVERYBODY.get(query.visibility, ())
    own_and_shared = [_owner(project_id), ListIndex(shared, None, _MEMBERS)]
    return [*own_and_shared, *map(_visibility, of_everybody)]


def _owner(project_id: str) -> ListIndex:
    return ListIndex(Condition("i.owner = %s", (project_id,)), "owner_image_idx")


def _visibility(visibility: str) -> ListIndex:
    return ListIndex(Condition(f"i.visibility = '{visibility}'"), "visibility_image_idx")
