"""Query conditions: translate a query to SQL conditions and an ORDER BY. Pure.

Names and properties have no conditions here: the listing index finds them by their index form.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from glimpse.embedded.query_matching import NEVER_LISTED, NUMBERS, ONE_OF, TEXTS, comparison_form
from glimpse.images import Image, ImageQuery, Sort
from glimpse.images.query import SortDirection

_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "<>"}


class Clause(NamedTuple):
    """A condition of SQL, and the values of its parameters."""

    text: str
    values: tuple[object, ...] = ()


def join_clauses(clauses: Iterator[Clause] | tuple[Clause, ...], word: str = "AND") -> Clause:
    """Join clauses, at least one, with AND or another word."""
    texts, values = zip(*clauses, strict=True)
    text = f" {word} ".join(f"({text})" for text in texts)
    return Clause(text, tuple(value for each in values for value in each))


def conditions(query: ImageQuery) -> Clause:
    """Return the condition for all filters of the query except names and properties."""
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
        tags = _list(query.tags)
        yield Clause(
            "CASE WHEN json_valid(tags) THEN"  # another program may have written others
            " (SELECT count(DISTINCT value) FROM json_each(tags) WHERE value IN"
            " (SELECT value FROM json_each(?))) = json_array_length(?) ELSE FALSE END",
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
    return Clause(f"{column} IN (SELECT value FROM json_each(?))", (_list(values),))


def _list(values: Iterable[str]) -> str:
    """Return any number of values as one parameter, since a statement may have some thousands."""
    return orjson.dumps(sorted({storable(value) for value in values})).decode()


def sort_keys(query: ImageQuery) -> tuple[Sort, ...]:
    """Return the query's sort keys, then created_at and id, as the Image service adds them.

    These two take the direction of the query's key if it has one, and are descending if it has none
    or several. Nothing follows the id, since no two images have the same.
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
    """Return True if the query's order is the usual one: newest first, then by id."""
    return not query.sort or sort_keys(query) == sort_keys(ImageQuery())


def order(keys: tuple[Sort, ...]) -> str:
    """Return an ORDER BY; null is less than any value, as in the Image service's database."""
    return ", ".join(f"{key} {direction.upper()}" for key, direction in keys)


def after_image(keys: tuple[Sort, ...], image: Image) -> Clause:
    """Return the condition for rows after `image`, the marker, in the order of `keys`."""
    alternatives: list[Clause] = []
    same: tuple[Clause, ...] = ()
    for sort in keys:
        value = getattr(image, sort.key)
        alternatives.append(join_clauses((*same, _beyond(sort, value))))
        same = (*same, Clause(f"{sort.key} IS ?", (value,)))
    return join_clauses(tuple(alternatives), "OR")


def _beyond(sort: Sort, value: object) -> Clause:
    if sort.direction == "asc":
        return Clause(f"{sort.key} > ?", (value,)) if value is not None else _not_null(sort.key)
    if value is None:
        return Clause("FALSE")  # nothing comes after null
    return Clause(f"{sort.key} < ? OR {sort.key} IS NULL", (value,))


def _not_null(column: str) -> Clause:
    return Clause(f"{column} IS NOT NULL")


def storable(text: str) -> str:
    """Return `text`, or a text that matches no image if it has a lone surrogate.

    SQLite cannot store lone surrogates.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\0"
    return text
