"""FilteredScan: reads lists that the listing index alone cannot find, in bounded steps.

The query decides how. If it names a few images, by their ids or a date of change, these are read.
If it wants the usual order, each step reads a slice of the listing, which SQLite filters. If it
wants another order, each step sorts all rows in scope and keeps the next few.
"""

import operator
import sqlite3
from collections.abc import Sequence

import orjson

from glimpse.embedded.query_matching import listing_rule
from glimpse.embedded.sqlite.image_reader import ImageReader, read_images, snapshot
from glimpse.embedded.sqlite.list_step import ListStep, Place
from glimpse.embedded.sqlite.listing_index import (
    facets_for,
    first_position,
    key_of,
    narrowing_facets,
    scopes_for,
)
from glimpse.embedded.sqlite.query_conditions import (
    Clause,
    after_image,
    conditions,
    in_usual_order,
    joined,
    order,
    sort_keys,
)
from glimpse.embedded.sqlite.row_validation import is_sound
from glimpse.images import Caller, Image, ImageQuery

FEW = 500  # ids, or images changed since a date: so many are looked at one by one
_MOST_SCANS = 16  # of the listing for one page while the event loop waits
_not_in_the_listing = operator.attrgetter(
    *("ids", "disk_formats", "container_formats", "owner", "protected", "min_ram", "min_disk"),
    *("size", "virtual_size", "size_min", "size_max", "created_at", "updated_at"),
    *("checksum", "os_hash_algo", "os_hash_value"),
)
_NOTHING = _not_in_the_listing(ImageQuery())


def is_short(caller: Caller, query: ImageQuery) -> bool:
    """Return True if each step takes a few short scans of the listing and drops hardly any row.

    So it is with all of a scope, and with one name, status or property: see `facets_for`.
    """
    if _not_in_the_listing(query) != _NOTHING or query.tags or not in_usual_order(query):
        return False
    alternatives, *others = facets_for(query)
    scans = len(alternatives) * len(scopes_for(caller, query))
    return not others and scans <= _MOST_SCANS and query.visibility in (None, "all")


class FilteredScan:
    """Reads steps of lists that are not short, on a connection that no other thread uses."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._reader = ImageReader(connection)

    def step(
        self, caller: Caller, query: ImageQuery, after: Image | Place | None, count: int
    ) -> ListStep[Image | Place]:
        """Read the next step of a list, after the marker or the cursor of the step before.

        It looks at no more than `count` rows, or at FEW where the query names these. Every image of
        the step is one that the caller may list.
        """
        images: Sequence[Image]
        cursor: Image | Place | None
        if isinstance(after, Place):
            images, cursor = self._slice(caller, query, after, count)
        elif self._names_few(query):
            images, cursor = self._few(caller, query, after)
        elif in_usual_order(query):
            place = self._reader.place(after) if after is not None else None
            images, cursor = self._slice(caller, query, place, count)
        else:
            images, cursor = self._sorted(caller, query, after, count)
        is_listed = listing_rule(caller, query)
        return ListStep([each for each in images if is_sound(each) and is_listed(each)], cursor)

    def _names_few(self, query: ImageQuery) -> bool:
        """Return True if the query allows at most FEW images by their ids or date of change."""
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

    def _few(self, caller: Caller, query: ImageQuery, marker: Image | None) -> ListStep[Image]:
        """Look at the images that the query names; their rows come by an index."""
        scopes = set(scopes_for(caller, query))
        images, cursor = self._select(query, marker, conditions(query), FEW + 1)
        found = [each for each in images if is_sound(each) and self._reader.in_scopes(each, scopes)]
        return ListStep(found, cursor)

    def _sorted(
        self, caller: Caller, query: ImageQuery, marker: Image | None, count: int
    ) -> ListStep[Image]:
        """Sort all rows in scope, and keep the first `count` after the marker.

        Memory holds no more than these, however many there are to sort.
        """
        groups = [_in_listing(caller, query, group) for group in narrowing_facets(query)]
        return self._select(query, marker, joined((*groups, conditions(query))), count)

    def _select(
        self, query: ImageQuery, marker: Image | None, condition: Clause, count: int
    ) -> ListStep[Image]:
        keys = sort_keys(query)
        if marker is not None:
            condition = joined((condition, after_image(keys, marker)))
        with snapshot(self._connection):
            # What is sorted are keys and numbers, not whole records.
            numbers = [
                number
                for (number,) in self._connection.execute(
                    f"SELECT number FROM images WHERE {condition.text}"
                    f" ORDER BY {order(keys)} LIMIT ?",
                    (*condition.values, count),
                )
            ]
            found, examined = read_images(self._connection, numbers)
        images = list(found.values())
        complete = examined == len(numbers) < count
        return ListStep(images, None if complete else images[-1])

    def _slice(
        self, caller: Caller, query: ImageQuery, place: Place | None, count: int
    ) -> ListStep[Place]:
        """Filter the next `count` candidates of the usual order."""
        start, end = _created_between(query)
        if start is not None:
            place = min(place, start) if place is not None else start
        with snapshot(self._connection):
            places = self._reader.places(caller, query, place, count)
            numbers = [number for _, number in places]
            found, examined = read_images(self._connection, numbers, conditions(query))
        complete = examined == len(places) < count or (
            end is not None and bool(places) and places[examined - 1][0] < end
        )
        return ListStep(list(found.values()), None if complete else Place(*places[examined - 1]))


def _in_listing(caller: Caller, query: ImageQuery, facets: Sequence[str]) -> Clause:
    """Return the condition that the listing has a row in a scope of the caller under a facet."""
    keys = [key_of(scope, facet) for scope in scopes_for(caller, query) for facet in facets]
    return Clause(
        "number IN (SELECT number FROM listing WHERE key IN (SELECT value FROM json_each(?)))",
        (orjson.dumps(keys).decode(),),
    )


def _created_between(query: ImageQuery) -> tuple[Place | None, int | None]:
    """Return where a list by date of creation starts, and the position below which it has ended."""
    bound = query.created_at
    if bound is None or bound.operator == "neq":
        return None, None
    start = None
    if bound.operator in ("lt", "lte", "eq"):
        start = Place(first_position(bound.moment, 1), -1)
    end = first_position(bound.moment) if bound.operator in ("gt", "gte", "eq") else None
    return start, end
