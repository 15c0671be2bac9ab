"""The filters of an ImageQuery as SQL conditions on Glance's tables.

Texts are compared by the database, so its collation decides. In the usual MySQL or MariaDB, case
and trailing spaces of a text make no difference. In PostgreSQL, they do.
"""

from collections.abc import Iterator, Mapping

from glimpse.glance_database.conditions import Condition, equals_any
from glimpse.images import DateBound, ImageQuery, parse_datetime

_TEXTS = (
    ("names", "name"),
    ("statuses", "status"),
    ("ids", "id"),
    ("disk_formats", "disk_format"),
    ("container_formats", "container_format"),
)
_EQUAL = (
    *("owner", "checksum", "os_hash_algo", "os_hash_value"),
    *("min_ram", "min_disk", "size", "virtual_size", "protected"),
)
_OPERATORS: Mapping[str, str] = {
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "eq": "=",
    "neq": "<>",
}
# The number of filters by properties and tags that a database may plan as joins. PostgreSQL would
# need seconds to plan some 30 joins, so further filters are subqueries, evaluated for each image.
_MAX_JOINS = 4
# Statuses that Glance lists: all but ``killed``.
_LISTED_STATUSES = (
    *("'active'", "'saving'", "'queued'", "'pending_delete'", "'deleted'"),
    *("'deactivated'", "'importing'", "'uploading'"),
)
# Names of attributes of Glance's model of an image. Glance takes a filter by a property with such a
# name for a filter by the attribute, and fails or finds nothing.
_MODEL_ATTRIBUTES = frozenset(
    (
        *("created_at", "updated_at", "deleted_at", "deleted", "visibility", "os_hidden"),
        *("properties", "tags", "members", "locations", "registry", "metadata"),
        *("delete", "get", "items", "iteritems", "keys", "save", "to_dict", "update", "values"),
        *("limit", "marker", "member_status", "tag", "sort", "sort_key", "sort_dir"),
    )
)


def is_supported(query: ImageQuery) -> bool:
    """Return True if `filter_conditions` can select what Glance would list for `query`.

    If False, send the query to Glance. The result is False if the query has

    - a sort key
    - an empty text as its visibility
    - a NUL character in a text
    - a property whose name means something else to Glance: an attribute of Glance's model, such as
      ``tags``, or a name that starts with an underscore, or ends with ``_min`` or ``_max``
    """
    return (
        not query.sort
        and query.visibility != ""
        and not any(
            key in _MODEL_ATTRIBUTES or key.startswith("_") or key.endswith(("_min", "_max"))
            for key in query.properties
        )
        and "\0" not in "".join(_texts(query))
    )


def _texts(query: ImageQuery) -> Iterator[str]:
    for field, _ in _TEXTS:
        yield from getattr(query, field) or ()
    for field in _EQUAL:
        value = getattr(query, field)
        if isinstance(value, str):
            yield value
    yield from query.tags
    yield from query.properties
    yield from query.properties.values()
    yield query.marker or ""


def filter_conditions(query: ImageQuery) -> Iterator[Condition]:
    """Yield one or more conditions, all of which an image ``i`` must meet to be listed.

    The conditions cover all filters of `query`, except visibility and member status (see
    `visibility.list_condition`). Further conditions are the same for all lists: the image is not
    deleted, and its status is not ``killed``. The sort keys, marker and limit have no conditions.
    `is_supported(query)` must be True.
    """
    yield Condition("i.deleted = false")
    yield Condition(f"i.status IN ({', '.join(_LISTED_STATUSES)})")
    yield Condition("i.os_hidden = %s", (query.os_hidden,))
    for field, column in _TEXTS:
        values: tuple[str, ...] | None = getattr(query, field)
        if values:
            yield equals_any(f"i.{column}", values)
    for column in _EQUAL:
        value = getattr(query, column)
        if value is not None:
            yield Condition(f"i.{column} = %s", (value,))
    yield from _range_conditions(query)
    for number, condition in enumerate(_part_conditions(query)):
        is_joined = number < _MAX_JOINS
        yield condition if is_joined else condition._replace(sql=f"{condition.sql} IS TRUE")


def _part_conditions(query: ImageQuery) -> Iterator[Condition]:
    """Yield a condition for each property of `query`, then for each tag."""
    for key, text in query.properties.items():
        yield _exists("image_properties", "t.name = %s AND t.value = %s", (key, text))
    for tag in query.tags:
        yield _exists("image_tags", "t.value = %s", (tag,))


def _range_conditions(query: ImageQuery) -> Iterator[Condition]:
    if query.size_min is not None:
        yield Condition("i.size >= %s", (query.size_min,))
    if query.size_max is not None:
        yield Condition("i.size <= %s", (query.size_max,))
    for column, bound in (("created_at", query.created_at), ("updated_at", query.updated_at)):
        if bound is not None:
            yield _date_condition(f"i.{column}", bound)


def _date_condition(column: str, bound: DateBound) -> Condition:
    moment = parse_datetime(bound.moment)
    assert moment is not None, "a DateBound has a date"  # noqa: S101  by images.dates
    return Condition(f"{column} {_OPERATORS[bound.operator]} %s", (moment.replace(tzinfo=None),))


def _exists(table: str, comparison: str, values: tuple[str, ...]) -> Condition:
    """Return the condition that a row ``t`` of the image in `table` meets `comparison`.

    Rows that are marked as deleted do not count. `values` are those of `comparison`.
    """
    return Condition(
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.image_id = i.id AND t.deleted = false"
        f" AND {comparison})",
        values,
    )
