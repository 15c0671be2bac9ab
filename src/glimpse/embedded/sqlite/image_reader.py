"""ImageReader: read image records, and steps of lists from the listing index, from SQLite."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from typing import Any

import orjson

from glimpse.embedded.catalog import Member, Record
from glimpse.embedded.listing_rule import listing_rule
from glimpse.embedded.sqlite.list_step import ListingPosition, ListStep
from glimpse.embedded.sqlite.listing_index import (
    indexed_facets,
    key_of,
    position_of,
    scopes_for,
    scopes_of,
)
from glimpse.embedded.sqlite.query_conditions import Clause, storable
from glimpse.embedded.sqlite.read_cache import ReadCache
from glimpse.embedded.sqlite.row_validation import is_valid_image, read_rows
from glimpse.images import Caller, Image, ImageQuery

COLUMNS = (
    "id, name, status, visibility, owner, size, virtual_size, min_ram, min_disk, protected, "
    "os_hidden, disk_format, container_format, checksum, os_hash_algo, os_hash_value, created_at, "
    "updated_at, tags, properties"
)
# The most characters of properties in one step of a list: some 500 usual images. Rendering more at
# once would block the event loop for too long.
_MAX_CHARACTERS = 400_000
_END_OF_NUMBERS = 2**63 - 1
_BEFORE_ALL = ListingPosition(_END_OF_NUMBERS, _END_OF_NUMBERS)
_ANY = Clause("TRUE")


class ImageReader:
    """Reads image records on a connection that no other thread uses at the same time.

    `get` and `list_step` log invalid images. Methods raise sqlite3.Error if the file cannot be
    read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cache = ReadCache(connection)

    def get(self, image_id: str, project_id: str | None) -> Record | None:
        """Return the image with this id, and the status of the membership of `project_id`.

        Returns None if no valid image has the id; an invalid row is logged (see `is_valid_image`).
        The membership is None if the image is not shared, if `project_id` is None or the image's
        owner, or if `project_id` is no member.
        """
        statement = f"SELECT {COLUMNS} FROM images WHERE id = ?"
        row = read_rows(self._connection, statement, (storable(image_id),), sqlite3.Cursor.fetchone)
        if row is None:
            return None
        image = Image._make(row)
        if not is_valid_image(image):
            return None
        if image.visibility == "shared" and project_id not in (None, image.owner):
            return Record(image, self._membership(image.id, project_id))
        return Record(image)

    def _membership(self, image_id: str, project_id: str | None) -> str | None:
        """Return the status of a project's membership in an image; None if there is none."""
        row = self._connection.execute(
            "SELECT status FROM members WHERE image_id = ? AND member_id = ?",
            (image_id, project_id),
        ).fetchone()
        return str(row[0]) if row else None

    def row_number(self, image_id: str) -> int | None:
        """Return the row number of an image, valid or not; None if no image has the id."""
        row = self._connection.execute(
            "SELECT number FROM images WHERE id = ?", (storable(image_id),)
        ).fetchone()
        return row[0] if row else None

    def get_images(self, image_ids: Sequence[str]) -> list[Image]:
        """Return the images with these ids, each image once, in any order.

        An id without an image is skipped. The images are not checked with `is_valid_image`.
        """
        statement = f"SELECT {COLUMNS} FROM images WHERE id IN (SELECT value FROM json_each(?))"
        ids = (orjson.dumps([*map(storable, image_ids)]).decode(),)
        return [
            Image._make(row)
            for row in read_rows(self._connection, statement, ids, sqlite3.Cursor.fetchall)
        ]

    def members(self, image_id: str) -> list[Member]:
        """Return the members of an image, the oldest membership first; empty if there is no image.

        Memberships of the same second are in the order of the project ids.
        """
        statement = (
            "SELECT member_id, status, created_at, updated_at FROM members WHERE image_id = ?"
            " ORDER BY created_at, member_id"
        )
        rows = self._connection.execute(statement, (storable(image_id),))
        return [Member._make(row) for row in rows]

    def member_statuses(self, image_id: str) -> dict[str, str]:
        """Return the status of each membership by project id; empty if there are no members."""
        return dict(
            self._connection.execute(
                "SELECT member_id, status FROM members WHERE image_id = ?", (image_id,)
            )
        )

    def is_in_scopes(self, image: Image, scopes: set[str]) -> bool:
        """Return True if the image is in one of `scopes`: groups of callers (see `scopes_for`).

        Reads the members of a shared image from the catalog.
        """
        members = self.member_statuses(image.id) if image.visibility == "shared" else {}
        return not scopes.isdisjoint(scopes_of(image, members))

    def listing_position(self, image: Image) -> ListingPosition:
        """Return the place in the listing index after which a list with the marker `image` starts.

        This is the place of the image. If the image has been deleted, it is a place before all
        images that have the same position, so that the list skips none of them.
        """
        number = self.row_number(image.id)
        return ListingPosition(
            position_of(image.created_at, image.id),
            _END_OF_NUMBERS if number is None else number,
        )

    def list_step(
        self, caller: Caller, query: ImageQuery, after: ListingPosition | None, count: int
    ) -> ListStep[ListingPosition]:
        """Read the next images of a list that match `query` and that `caller` can see.

        `is_readable_from_index` must accept the query. The order is newest first. `after` is a
        `listing_position` or the cursor of the step before; None is the beginning. The result's
        cursor is None at the end. A step may find no image. Leaves out and logs invalid images.

        A step examines at most `count` rows. The images have at most 400,000 characters of
        properties together, or are one larger image. Steps are cached until another connection
        changes the catalog, so do not change the result.
        """
        self._cache.refresh()
        key = (caller.project_id, caller.is_admin, query, after, count)
        step = self._cache.steps.get(key)
        if step is None:
            step = self._read_step(caller, query, after, count)
            self._cache.add_step(key, step)
        return step

    def _read_step(
        self, caller: Caller, query: ImageQuery, after: ListingPosition | None, count: int
    ) -> ListStep[ListingPosition]:
        """Read the next images as `list_step` does, without the cache of steps."""
        with snapshot(self._connection):
            candidates = self.candidate_positions(caller, query, after, count)
            self._cache.refresh()  # no cached image may be older than the snapshot
            images, examined = self._read_cached([number for _, number in candidates])
        is_listed = listing_rule(caller, query)
        is_last = examined == len(candidates) < count
        return ListStep(
            [image for image in images if is_listed(image)],
            None if is_last else ListingPosition(*candidates[examined - 1]),
        )

    def candidate_positions(
        self, caller: Caller, query: ImageQuery, after: ListingPosition | None, count: int
    ) -> Sequence[tuple[int, int]]:
        """Return the positions and row numbers of images that a list may have next, newest first.

        The listing index finds these candidates by the caller's scopes (see `scopes_for`) and the
        query's filters (see `indexed_facets`). They come after the place `after`; None is the
        beginning. The result has `count` candidates without duplicates; fewer at the list's end.

        Find the candidates and read their images in one `snapshot`. Check each image with
        `listing_rule`, because the index compares hashes, and ignores some filters.
        """
        alternatives, *others = indexed_facets(query)
        scopes = scopes_for(caller, query)
        keys = [key_of(scope, facet) for scope in scopes for facet in alternatives]
        required = [[key_of(scope, facet) for scope in scopes for facet in each] for each in others]
        # All keys are one parameter, so that the text of the statement does not depend on their
        # number: a connection caches 256 statements by their text.
        condition = len(required) * (
            " AND EXISTS (SELECT 1 FROM listing AS probe WHERE probe.key IN "
            "(SELECT value FROM json_each(?)) AND probe.position = listing.position"
            " AND probe.number = listing.number)"
        )
        values = [orjson.dumps(each).decode() for each in required]
        # SQLite reads the comparison of row values as one range of the index, so each scan stops
        # after `count` rows.
        statement = (
            "SELECT position, number FROM listing WHERE key = ? AND (position, number) < (?, ?)"
            f"{condition} ORDER BY position DESC, number DESC LIMIT ?"
        )
        start = after or _BEFORE_ALL
        scans = [
            self._connection.execute(statement, (key, *start, *values, count)).fetchall()
            for key in keys
        ]
        return _merge_scans([scan for scan in scans if scan], count)

    def _read_cached(self, numbers: Sequence[int]) -> tuple[list[Image], int]:
        """Return the valid images with these row numbers, and how many numbers were examined.

        The images are in the order of `numbers`. Reading stops early, so that the images have at
        most 400,000 characters of properties together, or are one larger image. Images come from
        the cache; a missing image is read from the file and cached.
        """
        cached = self._cache.images
        missing = [number for number in numbers if number not in cached]
        first_unread: int | None = None
        if missing:
            found, examined = read_images(self._connection, missing)
            for number, image in found.items():
                if is_valid_image(image):
                    self._cache.add_image(number, image)
            if examined < len(missing):
                first_unread = missing[examined]
        images: list[Image] = []
        characters = 0
        for examined, number in enumerate(numbers):
            known = cached.get(number)
            if known is not None:
                characters += len(known.properties_json)
                if characters > _MAX_CHARACTERS and images:
                    return images, examined
                images.append(known)
            elif number == first_unread:
                return images, examined
        return images, len(numbers)


def read_images(
    connection: sqlite3.Connection, numbers: Sequence[int], condition: Clause = _ANY
) -> tuple[dict[int, Image], int]:
    """Return the images of rows by row number, and how many of `numbers` were examined.

    The images are in the order of `numbers`, which must have no duplicates. Row numbers without an
    image, and images for which `condition` does not hold, are left out. The images are not checked
    with `is_valid_image`. Reading stops early, so that the images have at most 400,000 characters
    of properties together, or are one larger image.
    """
    statement = (
        f"SELECT number, {COLUMNS} FROM (SELECT value AS wanted FROM json_each(?))"
        f" CROSS JOIN images ON number = wanted WHERE {condition.text}"  # CROSS: keeps the order
    )
    values = (orjson.dumps(numbers).decode(), *condition.values)
    found, first_unread = read_rows(connection, statement, values, _fetch_images)
    return found, len(numbers) if first_unread is None else numbers.index(first_unread)


def _fetch_images(rows: Iterable[Sequence[Any]]) -> tuple[dict[int, Image], int | None]:
    """Return images by row number, and the number of the first row that was not read.

    Each row is a row number, then the values of COLUMNS. Reading stops early, so that the images
    have at most 400,000 characters of properties together, or are one larger image. The second
    result is None if all rows were read.
    """
    found: dict[int, Image] = {}
    characters = 0
    for number, *columns in rows:
        image = Image._make(columns)
        characters += len(image.properties_json or "")  # null, if another program wrote it
        if characters > _MAX_CHARACTERS and found:
            return found, number
        found[number] = image
    return found, None


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block in one transaction, so that all its reads see the same catalog.

    The connection must not be in a transaction. An error of the block ends the transaction, and
    passes. Without a snapshot, an image could be deleted between two reads of a list.
    """
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def _merge_scans(
    scans: Sequence[Sequence[tuple[int, int]]], count: int
) -> Sequence[tuple[int, int]]:
    """Return the `count` highest rows of several scans, descending and without duplicates.

    Each scan must be in descending order already, and have at most `count` rows.
    """
    if len(scans) == 1:
        return scans[0]
    return list(islice(dict.fromkeys(merge(*scans, reverse=True)), count))
