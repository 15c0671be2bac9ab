"""Statements: the SQL that reads images, for MySQL and MariaDB and for PostgreSQL."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from glimpse.glance_database.conditions import Condition, all_of
from glimpse.glance_database.connection import Statement
from glimpse.glance_database.database_url import Dialect
from glimpse.glance_database.rows import COLUMNS
from glimpse.glance_database.visibility import membership

# A statement returns an image with its tags and properties, as Glance's does, so that all are of
# the same moment. NULL, for JSON that is too large, differs from there being no row.
_JSON: Mapping[Dialect, tuple[str, str]] = {
    "mysql": (
        "IF(COUNT(*) = 0, '[]', JSON_ARRAYAGG(t.value))",
        "IF(COUNT(*) = 0, '{}', JSON_OBJECTAGG(p.name, p.value))",
    ),
    "postgresql": (
        "COALESCE(JSON_AGG(t.value)::text, '[]')",
        "COALESCE(JSON_OBJECT_AGG(p.name, p.value ORDER BY p.id)::text, '{}')",
    ),
}


class Position(NamedTuple):
    """The place of an image in the order of lists: newest first, then by id, descending."""

    created_at: datetime
    image_id: str


def image_columns(dialect: Dialect) -> str:
    """Return the columns of an image ``i`` that `rows.make_image` takes."""
    tags, properties = _JSON[dialect]
    columns = ", ".join(f"i.{column}" for column in COLUMNS)
    return (
        f"{columns},"
        f" (SELECT {tags} FROM image_tags t WHERE t.image_id = i.id AND t.deleted = false),"
        f" (SELECT {properties} FROM image_properties p"
        " WHERE p.image_id = i.id AND p.deleted = false)"
    )


def select_image(dialect: Dialect, image_id: str, project_id: str | None) -> Statement:
    """Return the statement for one image by its id.

    The row has `image_columns`, and then if the image is a member of `project_id`, with any status.
    """
    member = membership(project_id, "all")
    return Statement(
        f"SELECT {image_columns(dialect)}, {member.sql} FROM images i"
        " WHERE i.id = %s AND i.deleted = false",
        (*member.values, image_id),
    )


def select_marker(marker: str, project_id: str | None) -> Statement:
    """Return the statement for the image that is a marker, deleted or not.

    The row has the id, the date of creation, if the image is deleted, its owner, its visibility,
    and if it is a member of `project_id`, with any status.
    """
    member = membership(project_id, "all")
    return Statement(
        f"SELECT i.id, i.created_at, i.deleted, i.owner, i.visibility, {member.sql} FROM images i"
        " WHERE i.id = %s",
        (*member.values, marker),
    )


def select_page(
    dialect: Dialect, conditions: Iterable[Condition], after: Position | None, limit: int
) -> Statement:
    """Return the statement for the first `limit` images that meet all `conditions`, at least one.

    The images are in the order of lists, and come after the position `after`.
    """
    where = all_of([*conditions, *([] if after is None else [_follows(after)])])
    return Statement(
        f"SELECT {image_columns(dialect)} FROM images i WHERE {where.sql}"
        " ORDER BY i.created_at DESC, i.id DESC LIMIT %s",
        (*where.values, limit),
    )


def _follows(position: Position) -> Condition:
    """Return the condition that an image comes after `position`."""
    created_at, image_id = position
    return Condition(
        "i.created_at <= %s AND (i.created_at < %s OR i.id < %s)",
        (created_at, created_at, image_id),
    )
