"""Statements: the SQL that reads images, for MySQL and MariaDB and for PostgreSQL."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import NamedTuple

from glimpse.glance_database.conditions import Condition, all_of
from glimpse.glance_database.connection import Row, Statement
from glimpse.glance_database.database_url import Dialect
from glimpse.glance_database.list_indexes import ListIndex
from glimpse.glance_database.rows import COLUMNS
from glimpse.glance_database.visibility import membership

# As in Glance, one statement returns an image with its tags and properties, so that all of them are
# of the same moment.
_TAGS: Mapping[Dialect, str] = {
    "mysql": "JSON_ARRAYAGG(t.value)",
    "postgresql": "JSON_AGG(t.value)::text",
}
_PROPERTIES: Mapping[Dialect, str] = {
    "mysql": "JSON_OBJECTAGG(p.name, p.value)",
    "postgresql": "JSON_OBJECT_AGG(p.name, p.value ORDER BY p.id)::text",
}
# The most bytes of all property values of one image: a page of a list has NULL instead of more.
_MAX_BYTES_IN_PAGE = 16_384
# The most bytes of all property values of one image: an image with more cannot be read at all. The
# limit is the same if Glance's API is read.
_MAX_BYTES = 16 * 1024 * 1024
_ORDER = " ORDER BY i.created_at DESC, i.id DESC LIMIT %s"


class Position(NamedTuple):
    """The place of an image in lists. Lists are sorted by date, then by id, both descending."""

    created_at: datetime
    image_id: str


def position(row: Row) -> Position:
    """Return the position of the image in a row that has the columns of `image_columns`."""
    return Position(row[COLUMNS.index("created_at")], row[0])


@cache
def image_columns(dialect: Dialect, *, is_page: bool = False) -> str:
    """Return the SQL of the columns of an image ``i``, as `rows.make_image` needs them.

    The column of properties is NULL if all property values of the image together have more than 16
    MiB. With `is_page`, this limit is 16 KiB. If a row of a page has NULL there, read the image
    with `select_image`.
    """
    columns = ", ".join(f"i.{column}" for column in COLUMNS)
    max_bytes = _MAX_BYTES_IN_PAGE if is_page else _MAX_BYTES
    large = f"WHEN SUM(OCTET_LENGTH(p.value)) > {max_bytes} THEN NULL "
    return (
        f"{columns},"
        f" (SELECT CASE WHEN COUNT(*) = 0 THEN '[]' ELSE {_TAGS[dialect]} END"
        " FROM image_tags t WHERE t.image_id = i.id AND t.deleted = false),"
        f" (SELECT CASE WHEN COUNT(*) = 0 THEN '{{}}' {large}ELSE {_PROPERTIES[dialect]} END"
        " FROM image_properties p WHERE p.image_id = i.id AND p.deleted = false)"
    )


def select_image(dialect: Dialect, image_id: str, project_id: str | None) -> Statement:
    """Return the statement that selects one image by its id.

    The row has the columns of `image_columns`. A last column tells whether `project_id` is a member
    of the image, with any member status. If `project_id` is None, the last column tells whether the
    image has any member. If the image does not exist or is deleted, there is no row.
    """
    member = membership(project_id, "all")
    return Statement(
        f"SELECT {image_columns(dialect)}, {member.sql} FROM images i"
        " WHERE i.id = %s AND i.deleted = false",
        (*member.values, image_id),
    )


def select_marker(marker: str, project_id: str | None) -> Statement:
    """Return the statement that selects the image whose id is `marker`, even if it is deleted.

    The columns are the id, the creation date, whether the image is deleted, the owner, the
    visibility, and whether `project_id` is a member of the image, with any member status. If
    `project_id` is None, the last column tells whether the image has any member. If no image has
    this id, there is no row.
    """
    member = membership(project_id, "all")
    return Statement(
        f"SELECT i.id, i.created_at, i.deleted, i.owner, i.visibility, {member.sql} FROM images i"
        " WHERE i.id = %s",
        (*member.values, marker),
    )


def select_creation_date(after: Position | None, offset: int) -> Statement:
    """Return the statement that selects the creation date of image number `offset`, from 0.

    Counts all images of all projects, also deleted ones, newest first. If `after` is not None,
    counts only images that are not newer than `after`. If there are not enough images, the
    statement returns no row.
    """
    where = "" if after is None else " WHERE i.created_at <= %s"
    return Statement(
        f"SELECT i.created_at FROM images i{where} ORDER BY i.created_at DESC LIMIT 1 OFFSET %s",
        (*(() if after is None else (after.created_at,)), offset),
    )


def select_by_date(
    dialect: Dialect, conditions: Iterable[Condition], after: Position | None, limit: int
) -> Statement:
    """Return the statement that selects a page of a list with the index of creation dates.

    The page has the first `limit` images after `after` (None: the first of all) that meet all
    `conditions`, in the order of Position. There must be at least one condition. The columns are
    those of `image_columns` with `is_page`. The database stops reading when the page is full.
    """
    where = all_of([*conditions, *_follows(after)])
    hint = _hint(dialect, "created_at_image_idx")
    return Statement(
        f"SELECT {image_columns(dialect, is_page=True)} FROM images i{hint}"
        f" WHERE {where.sql}{_ORDER}",
        (*where.values, limit),
    )


def select_by_indexes(
    dialect: Dialect,
    indexes: Iterable[ListIndex],
    conditions: Iterable[Condition],
    after: Position | None,
    limit: int,
) -> Statement:
    """Return the statement that selects the same page as `select_by_date`, with `indexes`.

    `indexes` together must find all images that meet `conditions`. There must be at least one index
    and one condition. The database reads and sorts all images of each index, but reads tags and
    properties only for the `limit` images of the page.
    """
    where = all_of([*conditions, *_follows(after)])
    parts, values = [], []
    for condition, index_name, join in indexes:
        hint = "" if index_name is None else _hint(dialect, index_name)
        parts.append(
            f"SELECT i.id, i.created_at FROM images i{hint} {join}"
            f" WHERE {condition.sql} AND {where.sql}{_ORDER}"
        )
        values += [*condition.values, *where.values, limit]
    found = " UNION ".join(f"({part})" for part in parts) if len(parts) > 1 else parts[0]
    return Statement(
        f"SELECT {image_columns(dialect, is_page=True)} FROM (SELECT u.id FROM ({found}) u"
        " ORDER BY u.created_at DESC, u.id DESC LIMIT %s) f"
        " JOIN images i ON i.id = f.id ORDER BY i.created_at DESC, i.id DESC",
        (*values, limit),
    )


def _hint(dialect: Dialect, index: str) -> str:
    """Return the SQL that makes MySQL use an index of ``images``; empty for PostgreSQL."""
    return f" FORCE INDEX ({index})" if dialect == "mysql" else ""


def _follows(position: Position | None) -> list[Condition]:
    """Return a list with the condition that an image ``i`` follows `position`; [] for None."""
    if position is None:
        return []
    created_at, image_id = position
    condition = "i.created_at <= %s AND (i.created_at < %s OR i.id < %s)"
    return [Condition(condition, (created_at, created_at, image_id))]
