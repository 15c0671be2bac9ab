"""Query conditions: translate the filters of an ImageQuery to SQL. Pure.

`sort_order` translates the order and the marker. There are no conditions for names and properties,
because the listing index finds them. The conditions need the SQL function ``comparison_form``,
which `connection.open_connection` adds.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from glimpse.embedded.listing_rule import NEVER_LISTED, NUMBERS, ONE_OF, TEXTS
from glimpse.embedded.text_comparison import comparison_form
from glimpse.images import ImageQuery

_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "<>"}


class Clause(NamedTuple):
    """An SQL condition, and the values of the parameters (``?``) in it."""

    text: str
    values: tuple[object, ...] = ()


def join_clauses(clauses: Iterator[Clause] | tuple[Clause, ...], word: str = "AND") -> Clause:
    """Join clauses with `word`, which is AND or OR. There must be at least one clause."""
    texts, values = zip(*clauses, strict=True)
    text = f" {word} ".join(f"({text})" for text in texts)
    return Clause(text, tuple(value for each in values for value in each))


def conditions(query: ImageQuery) -> Clause:
    """Return the SQL condition for all filters except names, properties and `member_status`.

    The condition also rejects killed and deleted images, but does not check who may see an image.
    The condition may hold for more images than `listing_rule` accepts, so check each image.

    Statuses, ids and formats in the catalog must be in lower case. Of an image's owner, checksum
    and hash, only the case of ASCII letters is ignored, not accents or spaces at the end.
    """
    return join_clauses(_conditions(query))


def _conditions(query: ImageQuery) -> Iterator[Clause]:
    yield Clause("os_hidden = ?", (query.os_hidden,))
    yield _one_of("status", NEVER_LISTED, is_negated=True)
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
        tags = _json_list(map(comparison_form, query.tags))
        yield Clause(
            "CASE WHEN json_valid(tags) THEN"  # another program may have written invalid tags
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


def _one_of(column: str, values: Iterable[str], *, is_negated: bool = False) -> Clause:
    """Return the condition that a column has one of `values`.

    If `is_negated` is True, return the condition that a column has none of `values`. Neither
    condition holds for a null. Without `values`, the condition holds for no row, or, negated, for
    each row.
    """
    word = "NOT IN" if is_negated else "IN"
    return Clause(f"{column} {word} (SELECT value FROM json_each(?))", (_json_list(values),))


def _json_list(values: Iterable[str]) -> str:
    """Return values as a sorted JSON list without duplicates, each as `storable` returns it.

    The list is one parameter of an SQL statement; SQLite limits the number of parameters.
    """
    return orjson.dumps(sorted({storable(value) for value in values})).decode()


def storable(text: str) -> str:
    """Return `text`; if SQLite cannot store `text`, return a text that no image has.

    SQLite cannot store a text with a lone surrogate.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\0"
    return text
