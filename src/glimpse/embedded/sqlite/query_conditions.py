"""Query conditions: translate an ImageQuery to SQL: conditions and ORDER BY. Pure.

There are no conditions for names and properties, which are found by the listing index. The
conditions need the SQL function ``comparison_form``, which `connection.open_connection` adds.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from glimpse.embedded.listing_rule import NEVER_LISTED, NUMBERS, ONE_OF, TEXTS
from glimpse.embedded.text_comparison import comparison_form
from glimpse.images import Image, ImageQuery, Sort
from glimpse.images.query import SortDirection

_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "<>"}


class Clause(NamedTuple):
    """An SQL condition, and the values of the parameters (``?``) in it."""

    text: str
    values: tuple[object, ...] = ()


def join_clauses(clauses: Iterator[Clause] | tuple[Clause, ...], word: str = "AND") -> Clause:
    """Join clauses with AND or OR. There must be at least one."""
    texts, values = zip(*clauses, strict=True)
    text = f" {word} ".join(f"({text})" for text in texts)
    return Clause(text, tuple(value for each in values for value in each))


def conditions(query: ImageQuery) -> Clause:
    """Return the condition that an image passes all filters except names and properties.

    It rejects killed and deleted images, too. It may accept an image that `listing_rule` rejects,
    but not the other way round.
    """
    return join_clauses(_conditions(query))


def _conditions(query: ImageQuery) -> Iterator[Clause]:
    yield Clause("os_hidden = ?", (query.os_hidden,))
    yield _one_of("status NOT", NEVER_LISTED)
    if query.visibility not in (None, "all"):
        yield Clause("visibility = ?", (query.visibility,))
    for attribute in NUMBERS:
        wanted = getattr(query, attribute)
        if wanted is not None:
            yield Clause(f"{attribute} = ?", (wanted,))
    for attribute in TEXTS:
        text = getattr(query, attribute)
        if text is not None:
            yield Clause(f"{attribute} = ? COLLATE NOCASE", (storable(text.rstrip(" ")),))
    for attribute, column in ONE_OF.items():  # the columns are in lower case
        wanted = getattr(query, attribute)
        if wanted is not None:
            yield _one_of(column, map(comparison_form, wanted))
    yield from _ranges(query)
    if query.tags:
        tags = _list(map(comparison_form, query.tags))
        yield Clause(
            "CASE WHEN json_valid(tags) THEN"  # another program may have written others
            " (SELECT count(DISTINCT comparison_form(value)) FROM json_each(tags)"
            " WHERE comparison_form(value) IN (SELECT value FROM json_each(?)))"
            " = json_array_length(?) ELSE FALSE END",
            (tags, tags),
        )


def _ranges(query: ImageQuery) -> Iterator[Clause]:
    if query.size_min is not None:
        yield Clause("size >= ?", (query.size_min,))
    if query.size_max is not None:
        yield Clause("size <= ?", (query.size_max,))
    for column in ("created_at", "updated_at"):
        bound = getattr(query, column)
        if bound is not None:
            yield Clause(f"{column} {_OPERATORS[bound.operator]} ?", (bound.moment,))


def _one_of(column: str, values: Iterable[str]) -> Clause:
    """Return the condition that a column has one of the values.

    If `column` ends with NOT, it is the condition that the column has none of them.
    """
    return Clause(f"{column} IN (SELECT value FROM json_each(?))", (_list(values),))


def _list(values: Iterable[str]) -> str:
    """Return values as a JSON list: one parameter, because a statement has a limit for them."""
    return orjson.dumps(sorted({storable(value) for value in values})).decode()


def sort_keys(query: ImageQuery) -> tuple[Sort, ...]:
    """Return the query's sort keys, and those that the Image service adds.

    It adds created_at, then id: in the direction of the query's sort key if there is exactly one,
    otherwise descending. A key is not repeated. Keys after the id are left out, because no two
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
    """Return True if the query's order is that of the listing index: newest first, then by id."""
    return not query.sort or sort_keys(query) == sort_keys(ImageQuery())


def order(keys: tuple[Sort, ...]) -> str:
    """Return the terms of ORDER BY. Null is lower than any value, as in the Image service."""
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
    """Return the condition that a row's `sort.key` comes after `value`, which may be None."""
    if sort.direction == "asc":
        return Clause(f"{sort.key} > ?", (value,)) if value is not None else _not_null(sort.key)
    if value is None:
        return Clause("FALSE")  # nothing comes after null
    return Clause(f"{sort.key} < ? OR {sort.key} IS NULL", (value,))


def _not_null(column: str) -> Clause:
    return Clause(f"{column} IS NOT NULL")


def storable(text: str) -> str:
    """Return `text`; if it has a lone surrogate, return a text that no image has instead.

    SQLite raises an error for lone surrogates.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\0"
    return text
