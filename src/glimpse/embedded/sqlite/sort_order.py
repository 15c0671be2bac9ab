"""Sort order of lists in SQL: the sort keys, ORDER BY, and the rows after a marker. Pure."""

from glimpse.embedded.sqlite.query_conditions import Clause, join_clauses
from glimpse.images import Image, ImageQuery, Sort
from glimpse.images.query import SortDirection


def sort_keys(query: ImageQuery) -> tuple[Sort, ...]:
    """Return the query's sort keys, then ``created_at`` and ``id`` unless the query has them.

    The Image service adds these two keys. If the query has exactly one sort key, the direction of
    that key is also the direction of the added keys; otherwise the added keys are descending. If a
    key is repeated, only the first one counts. Keys after ``id`` are left out, because no two
    images have the same id.
    """
    direction = query.sort[0].direction if len(query.sort) == 1 else "desc"
    keys: dict[str, SortDirection] = {}
    for key, each in query.sort:
        keys.setdefault(key, each)
    for key in ("created_at", "id"):
        keys.setdefault(key, direction)
    found = [Sort(key, each) for key, each in keys.items()]
    return tuple(found[: [sort.key for sort in found].index("id") + 1])


def has_usual_order(query: ImageQuery) -> bool:
    """Return True if the query's order is the order of the listing index: newest first."""
    return not query.sort or sort_keys(query) == sort_keys(ImageQuery())


def order(keys: tuple[Sort, ...]) -> str:
    """Return the terms of an SQL ORDER BY: ``created_at DESC, id DESC``, for example.

    A null sorts below any value, as in Glance.
    """
    return ", ".join(f"{key} {direction.upper()}" for key, direction in keys)


def after_image(keys: tuple[Sort, ...], image: Image) -> Clause:
    """Return the condition that a row comes after `image` in the order of `keys`."""
    alternatives: list[Clause] = []
    same: tuple[Clause, ...] = ()
    for sort in keys:
        value = getattr(image, sort.key)
        alternatives.append(join_clauses((*same, _after_value(sort, value))))
        same = (*same, Clause(f"{sort.key} IS ?", (value,)))
    return join_clauses(tuple(alternatives), "OR")


def _after_value(sort: Sort, value: object) -> Clause:
    """Return the condition that a row's `sort.key` comes after `value`. `value` may be None."""
    if sort.direction == "asc":
        if value is None:
            return Clause(f"{sort.key} IS NOT NULL")
        return Clause(f"{sort.key} > ?", (value,))
    if value is None:
        return Clause("FALSE")  # nothing comes after null
    return Clause(f"{sort.key} < ? OR {sort.key} IS NULL", (value,))
