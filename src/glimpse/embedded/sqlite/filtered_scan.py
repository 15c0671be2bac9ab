"""FilteredScan: read lists that the listing index alone does not answer, in steps.

There are three ways to read a list:

- If the query has at most 500 ids, or at most 500 images fulfil its filter by date of change
  (``updated_at``), SQLite's own indexes find these images.
- If the list is in the usual order (newest first), each step reads the next rows of the listing
  index, and filters them.
- Otherwise, each step sorts all rows that the caller's lists may have, and returns the next rows.
"""

import operator
import sqlite3
from collections.abc import Sequence

import orjson

from glimpse.embedded.listing_rule import listing_rule
from glimpse.embedded.sqlite.image_reader import ImageReader, read_images, snapshot
from glimpse.embedded.sqlite.list_step import ListingPosition, ListStep
from glimpse.embedded.sqlite.listing_index import (
    facets_for,
    first_position,
    indexed_facets,
    key_of,
    scopes_for,
)
from glimpse.embedded.sqlite.query_conditions import Clause, conditions, join_clauses
from glimpse.embedded.sqlite.row_validation import is_valid_image
from glimpse.embedded.sqlite.sort_order import after_image, has_usual_order, order, sort_keys
from glimpse.images import Caller, Image, ImageQuery

MAX_INDEXED_ROWS = 500  # rows that one step reads by the ids or the date of change of a query
_MAX_SCANS = 16  # scans of the listing index for one page, which block the event loop
_unindexed_attributes = operator.attrgetter(
    *("ids", "disk_formats", "container_formats", "owner", "protected", "min_ram", "min_disk"),
    *("size", "virtual_size", "size_min", "size_max", "created_at", "updated_at"),
    *("checksum", "os_hash_algo", "os_hash_value"),
)
_NO_FILTER = _unindexed_attributes(ImageQuery())


def is_readable_from_index(caller: Caller, query: ImageQuery) -> bool:
    """Return True if the listing index alone answers the query fast enough for the event loop.

    All these conditions must hold:

    - The query has the usual order: newest first.
    - The query has at most one filter, which must be by names, by statuses or by one property.
      `os_hidden` and `member_status` do not count as filters.
    - The visibility is None or "all".
    - At most 16 scans of the index are necessary. Each scope of the caller (see `scopes_for`) needs
      one scan, or a scan for each name or status if the query is by names or statuses.
    """
    if _unindexed_attributes(query) != _NO_FILTER or query.tags or not has_usual_order(query):
        return False
    alternatives, *others = facets_for(query)
    scans = len(alternatives) * len(scopes_for(caller, query))
    return not others and scans <= _MAX_SCANS and query.visibility in (None, "all")


class FilteredScan:
    """Reads lists in steps, on a connection that no other thread uses at the same time.

    Methods raise sqlite3.Error if the file cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._reader = ImageReader(connection)

    def step(
        self, caller: Caller, query: ImageQuery, after: Image | ListingPosition | None, count: int
    ) -> ListStep[Image | ListingPosition]:
        """Read the next images of a list that match `query` and that `caller` can see.

        For the first step, `after` is the list's marker, or None for the beginning. For other
        steps, `after` is the cursor of the step before. The result's cursor is None at the end of
        the list. The images are in the query's order. Invalid images are logged and left out. A
        step may find no image although the list goes on.

        The images of a step have at most 400,000 characters of properties together, or are one
        larger image. A step examines at most `count` rows, with three exceptions:

        - If the query has at most 500 ids, all images with these ids are examined, up to 400,000
          characters.
        - If at most 500 images fulfil both `query.updated_at` and `query.os_hidden`, all of them
          are examined, up to 400,000 characters. Killed and deleted images are not among the 500.
          This exception needs a `query.updated_at` with another operator than "neq".
        - If the list is in another order than newest first and the next `count` images are all
          invalid, the step goes on until it finds a valid image.
        """
        images: Sequence[Image]
        cursor: Image | ListingPosition | None
        if isinstance(after, ListingPosition):
            images, cursor = self._read_slice(caller, query, after, count)
        elif self._matches_few_images(query):
            images, cursor = self._read_few_images(caller, query, after)
        elif has_usual_order(query):
            position = self._reader.listing_position(after) if after is not None else None
            images, cursor = self._read_slice(caller, query, position, count)
        else:
            images, cursor = self._read_sorted(caller, query, after, count)
        is_listed = listing_rule(caller, query)
        return ListStep(
            [each for each in images if is_valid_image(each) and is_listed(each)], cursor
        )

    def _matches_few_images(self, query: ImageQuery) -> bool:
        """Return True if the query has at most 500 ids, or at most 500 images fulfil `updated_at`.

        Killed and deleted images do not count, nor those that `query.os_hidden` leaves out. Without
        `query.updated_at`, or with its operator "neq", only the ids count.
        """
        if query.ids is not None and len(query.ids) <= MAX_INDEXED_ROWS:
            return True
        bound = query.updated_at
        if bound is None or bound.operator == "neq":
            return False
        changed = conditions(ImageQuery(updated_at=bound, os_hidden=query.os_hidden))
        (count,) = self._connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM images WHERE {changed.text}"
            f" LIMIT {MAX_INDEXED_ROWS + 1})",
            changed.values,
        ).fetchone()
        return bool(count <= MAX_INDEXED_ROWS)

    def _read_few_images(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> ListStep[Image]:
        """Read the next images after the marker, for a query that `_matches_few_images` accepts.

        Returns valid images that fulfil `conditions(query)` and are in the caller's scopes, in the
        query's order. Names and properties are not compared with the query, so `step` has to check
        each image with `listing_rule`. The cursor is None at the end of the list. If the images are
        too large for one step, the cursor is the last valid image that was read.
        """
        scopes = set(scopes_for(caller, query))
        images, cursor = self._select(query, marker, conditions(query), MAX_INDEXED_ROWS + 1)
        found = [
            each
            for each in images
            if is_valid_image(each) and self._reader.is_in_scopes(each, scopes)
        ]
        return ListStep(found, cursor)

    def _read_sorted(
        self, caller: Caller, query: ImageQuery, marker: Image | None, count: int
    ) -> ListStep[Image]:
        """Sort the images of a list; read at most `count` images that come after the marker.

        Returns images in the caller's scopes that fulfil `conditions(query)`. Names and properties
        are compared only as hashes, so `step` has to check each image with `listing_rule`. The
        images may not be valid. Memory holds at most `count` images. The cursor is the last valid
        image that was read; None at the end of the list.
        """
        groups = [_in_listing(caller, query, group) for group in indexed_facets(query)]
        return self._select(query, marker, join_clauses((*groups, conditions(query))), count)

    def _select(
        self, query: ImageQuery, marker: Image | None, condition: Clause, count: int
    ) -> ListStep[Image]:
        """Read the first `count` images after the marker for which `condition` holds.

        Reads fewer images if they are large: the images have at most 400,000 characters of
        properties together, or are one larger image. The images are in the query's order, and may
        not be valid (see `is_valid_image`). The connection must not be in a transaction.

        The cursor is the last valid image that was read; None at the end of the list. If none of
        the images is valid, leaves them out and reads the next ones, until one is valid or the list
        ends.
        """
        keys = sort_keys(query)
        if marker is not None:
            condition = join_clauses((condition, after_image(keys, marker)))
        # Sorts keys and row numbers, not whole records.
        statement = (
            f"SELECT number FROM images WHERE {condition.text}"
            f" ORDER BY {order(keys)} LIMIT ? OFFSET ?"
        )
        offset = 0
        with snapshot(self._connection):
            while True:
                rows = self._connection.execute(statement, (*condition.values, count, offset))
                numbers = [number for (number,) in rows]
                found, examined = read_images(self._connection, numbers)
                images = list(found.values())
                if examined == len(numbers) < count:
                    return ListStep(images, None)
                # An invalid image is no cursor: a text that is not UTF-8 has been read as bytes,
                # and SQLite sorts bytes after all texts.
                cursor = next(filter(is_valid_image, reversed(images)), None)
                if cursor is not None:
                    return ListStep(images, cursor)
                offset += examined

    def _read_slice(
        self, caller: Caller, query: ImageQuery, position: ListingPosition | None, count: int
    ) -> ListStep[ListingPosition]:
        """Read images from the next `count` rows of the listing index, newest first.

        Starts after the place `position`; None is the beginning. Skips rows that are newer than
        `query.created_at` permits. Reads fewer rows if the images are large.

        Returns the images that fulfil `conditions(query)`. The images may not be valid. Names and
        properties are compared only as hashes, so `step` has to check each image with
        `listing_rule`. The cursor is the place of the last row that was read. The cursor is None if
        fewer than `count` rows were left, or if the last row is older than `query.created_at`
        permits.
        """
        start, end = _created_between(query)
        if start is not None:
            position = min(position, start) if position is not None else start
        with snapshot(self._connection):
            candidates = self._reader.candidate_positions(caller, query, position, count)
            numbers = [number for _, number in candidates]
            found, examined = read_images(self._connection, numbers, conditions(query))
        is_last = examined == len(candidates) < count or (
            end is not None and bool(candidates) and candidates[examined - 1][0] < end
        )
        return ListStep(
            list(found.values()), None if is_last else ListingPosition(*candidates[examined - 1])
        )


def _in_listing(caller: Caller, query: ImageQuery, facets: Sequence[str]) -> Clause:
    """Return the SQL condition that an image is in a caller's scope and has one of `facets`.

    A scope is a group of callers, such as ``owner:PROJECT_ID``; a facet is a filter, such as
    ``status=active``. The condition compares hashes in the table `listing`, so a few other images
    may fulfil it.
    """
    keys = [key_of(scope, facet) for scope in scopes_for(caller, query) for facet in facets]
    return Clause(
        "number IN (SELECT number FROM listing WHERE key IN (SELECT value FROM json_each(?)))",
        (orjson.dumps(keys).decode(),),
    )


def _created_between(query: ImageQuery) -> tuple[ListingPosition | None, int | None]:
    """Return the range of the listing index that has the images for `query.created_at`.

    The listing index is in the order newest first. The first result is the place after which the
    range starts; None if the range starts at the newest image. The second result is the lowest
    position in the range; None if the range ends at the oldest image. With "lt" and "gt", the range
    also has the images with exactly the date of `query.created_at`. Both results are None without
    `query.created_at`, and with its operator "neq".
    """
    bound = query.created_at
    if bound is None or bound.operator == "neq":
        return None, None
    start = None
    if bound.operator in ("lt", "lte", "eq"):
        start = ListingPosition(first_position(bound.moment, 1), -1)
    end = first_position(bound.moment) if bound.operator in ("gt", "gte", "eq") else None
    return start, end
