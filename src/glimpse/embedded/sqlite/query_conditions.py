"""Selection: what of a query SQLite decides by itself, as conditions, an order and a keyset. Pure.

Names and properties are not here: they compare as `matching.folded` has it, and the listing index
finds them.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from glimpse.embedded.query_matching import NEVER_LISTED, TEXTS, alike
from glimpse.images import Image, ImageQuery, Sort
from glimpse.images.query import SortDirection

# The query's attributes that a column has to equal, and those of which it has to be one: what the
# catalog has of these is in lower case.
_EQUAL = ("protected", "min_ram", "min_disk", "size", "virtual_size")
_ONE_OF = {
    "statuses": "status",
    "ids": "id",
    "disk_formats": "disk_format",
    "container_formats": "container_format",
}
_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "<>"}


class Clause(NamedTuple):
    """A part of a WHERE, and the values of its parameters."""

    text: str
    values: tuple[object, ...] = ()


def joined(clauses: Iterator[Clause] | tuple[Clause, ...], word: str = "AND") -> Clause:
    """Clauses, at least one, as one."""
    texts, values = zip(*clauses, strict=True)
    text = f" {word} ".join(f"({text})" for text in texts)
    return Clause(text, tuple(value for each in values for value in each))


def conditions(query: ImageQuery) -> Clause:
    """What holds for a row of every image that the query finds, names and properties aside."""
    return joined(_conditions(query))


def _conditions(query: ImageQuery) -> Iterator[Clause]:
    yield Clause("os_hidden = ?", (query.os_hidden,))
    yield _one_of("status NOT", NEVER_LISTED)
    if query.visibility not in (None, "all"):
        yield Clause("visibility = ?", (query.visibility,))
    for attribute in _EQUAL:
        wanted = getattr(query, attribute)
        if wanted is not None:
            yield Clause(f"{attribute} = ?", (wanted,))
    for attribute in TEXTS:
        text = getattr(query, attribute)
        if text is not None:
            yield Clause(f"{attribute} = ? COLLATE NOCASE", (storable(text.rstrip(" ")),))
    for attribute, column in _ONE_OF.items():
        wanted = getattr(query, attribute)
        if wanted is not None:
            yield _one_of(column, map(alike, wanted))
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
    """Any number of different values as one parameter: a statement may have some thousands."""
    return orjson.dumps(sorted({storable(value) for value in values})).decode()


def sort_keys(query: ImageQuery) -> tuple[Sort, ...]:
    """The query's order in full: its keys, then created_at and id, as the Image service adds them.

    Those two take the direction of the one key asked for, of several none: then newest first.
    Nothing follows the id, which no two images share.
    """
    direction = query.sort[0].direction if len(query.sort) == 1 else "desc"
    keys: dict[str, SortDirection] = {}
    for key, each in query.sort:
        keys.setdefault(key, each)
    for key in ("created_at", "id"):
        keys.setdefault(key, direction)
    found = [Sort(key, each) for key, each in keys.items()]
    return tuple(found[: [sort.key for sort in found].index("id") + 1])


def in_usual_order(query: ImageQuery) -> bool:
    """Whether the list is ordered as one that asks for no order: newest first, then by id."""
    return not query.sort or sort_keys(query) == sort_keys(ImageQuery())


def order(keys: tuple[Sort, ...]) -> str:
    """An ORDER BY: null comes before everything else, as in the Image service's database."""
    return ", ".join(f"{key} {direction.upper()}" for key, direction in keys)


def after_image(keys: tuple[Sort, ...], image: Image) -> Clause:
    """What holds for the rows that come after an image in the order of `keys`."""
    alternatives: list[Clause] = []
    same: tuple[Clause, ...] = ()
    for sort in keys:
        value = getattr(image, sort.key)
        alternatives.append(joined((*same, _beyond(sort, value))))
        same = (*same, Clause(f"{sort.key} IS ?", (value,)))
    return joined(tuple(alternatives), "OR")


def _beyond(sort: Sort, value: object) -> Clause:
    if sort.direction == "asc":
        return Clause(f"{sort.key} > ?", (value,)) if value is not None else _not_null(sort.key)
    if value is None:
        return Clause("FALSE")  # nothing comes after null
    return Clause(f"{sort.key} < ? OR {sort.key} IS NULL", (value,))


def _not_null(column: str) -> Clause:
    return Clause(f"{column} IS NOT NULL")


def storable(text: str) -> str:
    """`text`, or one that no image has where SQLite could not take it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\0"
    return text
