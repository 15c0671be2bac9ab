"""ListReader: reads pages of lists from Glance's tables, and chooses the index for a page."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from glimpse.caching.lru_cache import LruCache
from glimpse.glance_database.conditions import Condition
from glimpse.glance_database.connection import Row
from glimpse.glance_database.database import Database
from glimpse.glance_database.list_indexes import ListIndex
from glimpse.glance_database.statements import (
    Position,
    position,
    select_by_date,
    select_by_indexes,
    select_creation_date,
)

_MIN_WINDOW = 1000  # images of all projects that are read by the index of dates
_WINDOW_FACTOR = 8  # the window has at least this many times as many images as the page
_LONG_PAGE = 200  # images; the best index for a shorter page may differ from that for a longer one
_MEMORY_SECONDS = 60.0
_MEMORY_ENTRIES = 10_000


class Listing(NamedTuple):
    """The images of a list: those that meet all `conditions`.

    `indexes` together find all images of the list, and possibly other images. `indexes` is empty if
    only the index of creation dates can be used. Two lists have the same `key` if they probably
    have about the same share of all images: lists of one project by two names, for example.
    """

    conditions: Sequence[Condition]
    indexes: Sequence[ListIndex]
    key: tuple[str | None, ...]


class ListReader:
    """Reads pages of lists, by the index of creation dates or by the indexes of the list.

    The index of dates needs no sorting, but reads images of other lists, too. A page of `count`
    images is first read by dates, from a window: the next max(1000, 8 * `count`) images of all
    projects. If the window does not fill the page, the rest is read by `Listing.indexes`. For the
    next minute, other pages of the same kind are read by `Listing.indexes` only. The kind of a page
    is its `Listing.key`, and whether `count` is more than 200.

    A page is read by dates, without a window, if the list has no `Listing.indexes`, or if the
    window would have all images that are left.
    """

    def __init__(
        self,
        database: Database,
        min_window: int = _MIN_WINDOW,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._min_window = min_window
        self._clock = clock
        self._sparse: LruCache[tuple[object, ...], float] = LruCache(_MEMORY_ENTRIES)

    async def read_page(
        self, listing: Listing, after: Position | None, count: int
    ) -> Sequence[Row]:
        """Return the rows of the next `count` images of a list, newest first.

        The images follow the position `after`; None stands for the start of the list. Returns fewer
        than `count` rows only at the end of the list. Runs up to three statements, and raises
        DatabaseError if one of them fails.
        """
        if not listing.indexes:
            return await self._by_date(listing.conditions, after, count)
        kind = (*listing.key, count > _LONG_PAGE)
        if self._clock() < (self._sparse.get(kind) or 0.0):
            return await self._from_indexes(listing, after, count)
        window = max(self._min_window, _WINDOW_FACTOR * count)
        oldest = await self._database.fetch(select_creation_date(after, window))
        if not oldest:
            return await self._by_date(listing.conditions, after, count)
        in_window = Condition("i.created_at >= %s", (oldest[0][0],))
        rows = await self._by_date((*listing.conditions, in_window), after, count)
        if len(rows) == count:
            return rows
        self._sparse.put(kind, self._clock() + _MEMORY_SECONDS)
        last = position(rows[-1]) if rows else after
        return [*rows, *await self._from_indexes(listing, last, count - len(rows))]

    async def _by_date(
        self, conditions: Sequence[Condition], after: Position | None, count: int
    ) -> Sequence[Row]:
        statement = select_by_date(self._database.dialect, conditions, after, count)
        return await self._database.fetch(statement)

    async def _from_indexes(
        self, listing: Listing, after: Position | None, count: int
    ) -> Sequence[Row]:
        statement = select_by_indexes(
            self._database.dialect, listing.indexes, listing.conditions, after, count
        )
        return await self._database.fetch(statement)
