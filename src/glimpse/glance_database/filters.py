"""The filters of an ImageQuery as SQL conditions on Glance's tables.

The database compares, so that its collation decides: in the usual MySQL or MariaDB, case and
trailing spaces of a text make no difference, in PostgreSQL they do.
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
# Filters by properties and tags that a database may plan as joins. PostgreSQL needs seconds to plan
# some 30 of them, so it gets any more as subqueries to evaluate for each image.
_MAX_JOINS = 4
# Statuses that Glance lists: all but ``killed``.
_LISTED_STATUSES = (
    *("'active'", "'saving'", "'queued'", "'pending_delete'", "'deleted'"),
    *("'deactivated'", "'importing'", "'uploading'"),
)
# Names of attributes of Glance's model of an image that are no columns of a filter. Glance compares
# them all the same, and fails or finds nothing.
_MODEL_ATTRIBUTES = frozenset(
    (
        *("created_at", "updated_at", "deleted_at", "deleted", "visibility", "os_hidden"),
        *("properties", "tags", "members", "locations", "registry", "metadata"),
        *("delete", "get", "items", "iteritems", "keys", "save", "to_dict", "update", "values"),
        *("limit", "marker", "member_status", "tag", "sort", "sort_key", "sort_dir"),
    )
)


def is_supported(query: ImageQuery) -> bool:
    """Return True if `filter_conditions` select what Glance would list for `query`.

    False for a query with a sort key, an empty visibility, a NUL character, or a property whose
    name has another meaning for Glance: an attribute of its model, or a range (``..._min``,
    ``..._max``). Send such a query to Glance. Clients have little use for these.
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
    """Yield conditions on an image ``i``; an image that is listed meets all of them.

    They are those of all lists, and of the filters of `query` except visibility and member status,
    for which see `visibility.list_condition`. `is_supported` must be true of `query`.
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
    """Yield the conditions for the properties and tags of `query`."""
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
    """Return the condition that the image has a row ``t`` in `table` that meets `comparison`."""
    return Condition(
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.image_id = i.id AND t.deleted = false"
        f" AND {comparison})",
        values,
    )
