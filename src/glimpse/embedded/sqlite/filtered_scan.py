"""Search: lists that no index answers alone, in steps to be run off the event loop.

Three ways, by what the query asks for: in slices of the usual order, each filtered by SQLite; by a
sort of everything in scope that keeps only the best rows; or, where ids or a date of change name a
few images, by looking at those.
"""

import operator
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from glimpse.embedded.query_matching import listing_rule
from glimpse.embedded.sqlite.batch_sizes import beginning, portion
from glimpse.embedded.sqlite.image_records import COLUMNS, ImageRecords
from glimpse.embedded.sqlite.listing_index import (
    facets_for,
    first_position,
    key_of,
    narrowing_facets,
    scopes_for,
)
from glimpse.embedded.sqlite.query_conditions import (
    Clause,
    after,
    conditions,
    in_usual_order,
    joined,
    order,
    sort_keys,
)
from glimpse.embedded.sqlite.row_validation import is_sound, read
from glimpse.images import Caller, Image, ImageQuery

FEW = 500  # ids, or images changed since a date: so many are looked at one by one
_MOST_SCANS = 16  # of the listing for one page while the event loop waits
_found_by_looking = operator.attrgetter(
    *("ids", "disk_formats", "container_formats", "owner", "protected", "min_ram", "min_disk"),
    *("size", "virtual_size", "size_min", "size_max", "created_at", "updated_at"),
    *("checksum", "os_hash_algo", "os_hash_value"),
)
_NOTHING = _found_by_looking(ImageQuery())
_ANY = Clause("TRUE")

Place = tuple[int, int]


class Sorted(NamedTuple):
    """What a step found; the next one starts after `last`, None when nothing is left."""

    images: Sequence[Image]
    last: Image | None


class Found(NamedTuple):
    """What a step found; `place` is where the next one starts, None when nothing is left."""

    images: Sequence[Image]
    place: Place | None


def is_short(caller: Caller, query: ImageQuery) -> bool:
    """Whether each page takes a few limited scans of the listing and hardly drops a candidate.

    So it is with all of a scope, and with one name, status or property: see `listing.facets_for`.
    """
    if _found_by_looking(query) != _NOTHING or query.tags or not in_usual_order(query):
        return False
    alternatives, *others = facets_for(query)
    scans = len(alternatives) * len(scopes_for(caller, query))
    return not others and scans <= _MOST_SCANS and query.visibility in (None, "all")


class Search:
    """Steps of lists that are not short, on a connection that nobody else uses meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._records = ImageRecords(connection)

    def few(self, caller: Caller, query: ImageQuery, marker: Image | None) -> Sorted | None:
        """What the query finds after the marker, where it names a few; None where it does not.

        The rows come by the index of ids or of dates of change.
        """
        if not self._names_few(query):
            return None
        scopes = set(scopes_for(caller, query))
        is_listed = listing_rule(caller, query)
        found, last = self._select(query, marker, conditions(query), FEW + 1)
        return Sorted(
            [each for each in found if is_listed(each) and self._records.in_scopes(each, scopes)],
            last,
        )

    def _names_few(self, query: ImageQuery) -> bool:
        if query.ids is not None and len(query.ids) <= FEW:
            return True
        bound = query.updated_at
        if bound is None or bound.operator == "neq":
            return False
        changed = conditions(ImageQuery(updated_at=bound))
        (count,) = self._connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM images WHERE {changed.text} LIMIT {FEW + 1})",
            changed.values,
        ).fetchone()
        return bool(count <= FEW)

    def best(self, caller: Caller, query: ImageQuery, marker: Image | None, count: int) -> Sorted:
        """The first `count` images, or fewer, after the marker in the query's own order.

        Memory holds no more than these, whatever there is to sort. One whose listing key collides
        with another's is left out: call again, with the last, until nothing comes.
        """
        groups = [_in_listing(caller, query, group) for group in narrowing_facets(query)]
        return self._select(query, marker, joined((*groups, conditions(query))), count)

    def _select(
        self, query: ImageQuery, marker: Image | None, condition: Clause, count: int
    ) -> Sorted:
        keys = sort_keys(query)
        if marker is not None:
            condition = joined((condition, after(keys, marker)))
        self._connection.execute("BEGIN")
        try:
            # What is sorted are keys and numbers, not whole records.
            numbers = [
                number
                for (number,) in self._connection.execute(
                    f"SELECT number FROM images WHERE {condition.text}"
                    f" ORDER BY {order(keys)} LIMIT ?",
                    (*condition.values, count),
                )
            ]
            wanted: Sequence[int] = numbers
            while (found := self._read(wanted)) is None:
                wanted = beginning(wanted)
        finally:
            self._connection.execute("COMMIT")
        images = [found[number] for number in wanted]
        more = len(numbers) == count or len(wanted) < len(numbers)
        return Sorted([*filter(is_sound, images)], images[-1] if more else None)

    def slice(self, caller: Caller, query: ImageQuery, place: Place | None, count: int) -> Found:
        """What the query finds among the next `count` candidates of the usual order."""
        start, end = _created_between(query)
        if start is not None:
            place = min(place, start) if place is not None else start
        self._connection.execute("BEGIN")
        try:
            places = self._records.places(caller, query, place, count)
            left = len(places) == count and (end is None or places[-1][0] >= end)
            chosen = conditions(query)
            while (found := self._read([number for _, number in places], chosen)) is None:
                places, left = beginning(places), True
        finally:
            self._connection.execute("COMMIT")
        images = [found[number] for _, number in places if number in found]
        images = [*filter(is_sound, images)]
        return Found(images, places[-1] if left else None)

    def _read(self, numbers: Sequence[int], condition: Clause = _ANY) -> dict[int, Image] | None:
        """Those of the records for which the condition holds; None if that is too much at once."""
        statement = (
            f"SELECT number, {COLUMNS} FROM images WHERE number IN"
            f" (SELECT value FROM json_each(?)) AND {condition.text}"
        )
        values = (orjson.dumps(numbers).decode(), *condition.values)
        return read(self._connection, statement, values, portion)


def _in_listing(caller: Caller, query: ImageQuery, facets: Sequence[str]) -> Clause:
    """That the listing has an image in one of the caller's scopes under one of the facets."""
    keys = [key_of(scope, facet) for scope in scopes_for(caller, query) for facet in facets]
    return Clause(
        "number IN (SELECT number FROM listing WHERE key IN (SELECT value FROM json_each(?)))",
        (orjson.dumps(keys).decode(),),
    )


def _created_between(query: ImageQuery) -> tuple[Place | None, int | None]:
    """Where a list by date of creation starts, and the position below which it has ended."""
    bound = query.created_at
    if bound is None or bound.operator == "neq":
        return None, None
    start = (first_position(bound.moment, 1), -1) if bound.operator in ("lt", "lte", "eq") else None
    end = first_position(bound.moment) if bound.operator in ("gt", "gte", "eq") else None
    return start, end
