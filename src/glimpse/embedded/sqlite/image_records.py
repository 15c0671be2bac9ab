"""ImageRecords: reads and writes of image records on one SQLite connection, each of them short."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from itertools import islice
from sqlite3 import Cursor
from typing import NamedTuple

import orjson

from glimpse.embedded.sqlite.batch_sizes import beginning, fits, portion
from glimpse.embedded.sqlite.listing_index import (
    key_of,
    keys_of,
    listing_rows,
    narrowing_facets,
    position_of,
    scopes_for,
    scopes_of,
)
from glimpse.embedded.sqlite.query_conditions import storable
from glimpse.embedded.sqlite.read_cache import ReadCache
from glimpse.embedded.sqlite.row_validation import is_sound, read
from glimpse.images import Caller, Image, ImageQuery

COLUMNS = (
    "id, name, status, visibility, owner, size, virtual_size, min_ram, min_disk, protected, "
    "os_hidden, disk_format, container_format, checksum, os_hash_algo, os_hash_value, created_at, "
    "updated_at, tags, properties"
)
_PLACES = ", ".join("?" * (COLUMNS.count(",") + 1))
_ROWS_AT_ONCE = 200
_FAR = (2**63 - 1, 2**63 - 1)


class Row(NamedTuple):
    """An image with its place in the usual order."""

    position: int
    number: int
    image: Image


class Candidates(NamedTuple):
    """Some rows, in order: those that can be shown among `places`; `last`: there are no more."""

    rows: Sequence[Row]
    places: Sequence[tuple[int, int]]
    last: bool


class ImageRecords:
    """The records in the file of a connection; writes want a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.recent = ReadCache(connection)

    def get(self, image_id: str) -> Image | None:
        """The image with this id; None for any other text, and for one that cannot be shown."""
        statement = f"SELECT {COLUMNS} FROM images WHERE id = ?"
        row = read(self._connection, statement, (storable(image_id),), Cursor.fetchone)
        image = Image._make(row) if row else None
        return image if image is not None and is_sound(image) else None

    def exists(self, image_id: str) -> bool:
        """Whether the id is taken, be it by an image that cannot be shown."""
        return self._number(image_id) is not None

    def existing(self, image_ids: Sequence[str]) -> list[Image]:
        """The images with these ids, as far as there are any; some may not be sound."""
        statement = f"SELECT {COLUMNS} FROM images WHERE id IN (SELECT value FROM json_each(?))"
        ids = (orjson.dumps(image_ids).decode(),)
        return [Image._make(row) for row in read(self._connection, statement, ids, Cursor.fetchall)]

    def members(self, image_id: str) -> dict[str, str]:
        """The members of an image and the status of each membership."""
        return dict(
            self._connection.execute(
                "SELECT member_id, status FROM members WHERE image_id = ?", (image_id,)
            )
        )

    def member_status(self, image_id: str, member_id: str | None) -> str | None:
        """The status of one membership, None when there is none."""
        row = self._connection.execute(
            "SELECT status FROM members WHERE image_id = ? AND member_id = ?",
            (image_id, member_id),
        ).fetchone()
        return str(row[0]) if row else None

    def place(self, image: Image) -> tuple[int, int]:
        """Position and number of an image: what a page starts after."""
        position = position_of(image.created_at, image.id)
        number = self._number(image.id)
        return (position, number) if number is not None else (position, _FAR[1])  # deleted

    def _number(self, image_id: str) -> int | None:
        row = self._connection.execute(
            "SELECT number FROM images WHERE id = ?", (storable(image_id),)
        ).fetchone()
        return row[0] if row else None

    def page(
        self, caller: Caller, query: ImageQuery, after: tuple[int, int] | None, count: int
    ) -> Candidates:
        """At most `count` candidates for a list in the usual order, after a place.

        Candidates: each is yet to be checked by `matching.listing_rule`. An image that is in two
        of the scopes comes once. Of large images come fewer, but one at least.
        """
        # One snapshot: an image deleted between scan and fetch would end the list too early.
        self._connection.execute("BEGIN")
        try:
            places = self.places(caller, query, after, count)
            last = len(places) < count
            while (rows := self._fetch(places)) is None:
                places, last = beginning(places), False
            return Candidates(rows, places, last)
        finally:
            self._connection.execute("COMMIT")

    def places(
        self, caller: Caller, query: ImageQuery, after: tuple[int, int] | None, count: int
    ) -> Sequence[tuple[int, int]]:
        """Positions and numbers of at most `count` candidates; as `page`, in its transaction."""
        alternatives, *others = narrowing_facets(query)
        scopes = scopes_for(caller, query)
        keys = [key_of(scope, facet) for scope in scopes for facet in alternatives]
        probes = [[key_of(scope, facet) for scope in scopes for facet in each] for each in others]
        position, number = after or _FAR
        # Keys as one parameter: a connection keeps 256 statements, which are not to hold keys.
        condition = len(probes) * (
            " AND EXISTS (SELECT 1 FROM listing AS probe WHERE probe.key IN "
            "(SELECT value FROM json_each(?)) AND probe.position = listing.position"
            " AND probe.number = listing.number)"
        )
        wanted = [orjson.dumps(each).decode() for each in probes]
        # A row value compares as one range of the index: each scan stops after `count` rows.
        statement = (
            "SELECT position, number FROM listing WHERE key = ? AND (position, number) < (?, ?)"
            f"{condition} ORDER BY position DESC, number DESC LIMIT ?"
        )
        scans = [
            self._connection.execute(statement, (key, position, number, *wanted, count)).fetchall()
            for key in keys
        ]
        return _merged([scan for scan in scans if scan], count)

    def _fetch(self, places: Sequence[tuple[int, int]]) -> list[Row] | None:
        recent, images = self.recent, self.recent.images
        recent.refresh()
        missing = [number for _, number in places if number not in images]
        if missing:
            # Parameters, not numbers in the text: SQLite then compiles the statement once.
            statement = (
                f"SELECT number, {COLUMNS} FROM images WHERE number IN "
                f"({', '.join('?' * len(missing))})"
            )
            found = read(self._connection, statement, missing, portion)
            if found is None:
                return None
            for number, image in found.items():
                if is_sound(image):
                    recent.add_image(number, image)
        known = [Row(at, number, images[number]) for at, number in places if number in images]
        return known if fits([row.image for row in known]) else None

    def in_scopes(self, image: Image, scopes: set[str]) -> bool:
        """Whether a list that looks in these scopes finds the image."""
        members = self.members(image.id) if image.visibility == "shared" else {}
        return not scopes.isdisjoint(scopes_of(image, members))

    def insert(self, image: Image) -> None:
        """Add an image. Raises sqlite3.IntegrityError when its id is taken."""
        self.insert_many([(image, {})])

    def insert_many(
        self,
        records: Iterable[tuple[Image, Mapping[str, str]]],
        rows: Sequence[int] | None = None,
    ) -> None:
        """Add images with their members. Raises sqlite3.IntegrityError when an id is taken.

        `rows` is what `listing_rows` makes of them, if that is known already. The listing gets its
        rows in the order of its key: many at once touch each page once.
        """
        records = list(records)
        (last,) = self._connection.execute("SELECT max(number) FROM images").fetchone()
        first = (last or 0) + 1
        self._connection.executemany(
            f"INSERT INTO images (number, {COLUMNS}) VALUES (?, {_PLACES})",
            [(number, *image) for number, (image, _) in enumerate(records, first)],
        )
        for image, members in records:
            self._set_members(image, members)
        values = list(listing_rows(records) if rows is None else rows)
        values[2::3] = [first + number for number in values[2::3]]
        # A statement for each row takes half as long again.
        for start in range(0, len(values), 3 * _ROWS_AT_ONCE):
            some = values[start : start + 3 * _ROWS_AT_ONCE]
            places = ", ".join(["(?, ?, ?)"] * (len(some) // 3))
            self._connection.execute(f"INSERT INTO listing VALUES {places}", some)

    def replace(self, before: Image, after: Image) -> None:
        """Store `after` in place of `before`, which is the record as it is now; same id."""
        members = self.members(before.id)
        assignments = ", ".join(f"{column} = ?" for column in COLUMNS.split(", "))
        self._connection.execute(
            f"UPDATE images SET {assignments} WHERE id = ?", (*after, before.id)
        )
        self._reindex(before, members, after, members)

    def set_member(self, image: Image, member_id: str, status: str, now: str) -> None:
        """Add or change one membership of an image."""
        before = self.members(image.id)
        self._connection.execute(
            "INSERT INTO members VALUES (?, ?, ?, ?, ?) ON CONFLICT (image_id, member_id) "
            "DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at",
            (image.id, member_id, status, now, now),
        )
        self._reindex(image, before, image, {**before, member_id: status})

    def delete(self, image: Image) -> None:
        """Remove an image and its members."""
        number = self._number(image.id)
        if number is None:
            return
        if is_sound(image):
            self._index(image, number, keys_of(image, self.members(image.id)), add=False)
        else:  # nobody knows its keys
            self._connection.execute("DELETE FROM listing WHERE number = ?", (number,))
        self._connection.execute("DELETE FROM images WHERE id = ?", (image.id,))

    def _set_members(self, image: Image, members: Mapping[str, str]) -> None:
        if not members:
            return
        self._connection.executemany(
            "INSERT INTO members VALUES (?, ?, ?, ?, ?)",
            [
                (image.id, member, status, image.created_at, image.updated_at)
                for member, status in members.items()
            ],
        )

    def _reindex(
        self,
        before: Image,
        members_before: Mapping[str, str],
        after: Image,
        members_after: Mapping[str, str],
    ) -> None:
        number = self._number(after.id)
        if number is None:
            return
        old, new = keys_of(before, members_before), keys_of(after, members_after)
        self._index(after, number, old - new, add=False)
        self._index(after, number, new - old, add=True)

    def _index(self, image: Image, number: int, keys: Iterable[int], *, add: bool) -> None:
        position = position_of(image.created_at, image.id)
        statement = (
            "INSERT OR IGNORE INTO listing VALUES (?, ?, ?)"  # another program may leave some
            if add
            else "DELETE FROM listing WHERE key = ? AND position = ? AND number = ?"
        )
        self._connection.executemany(statement, [(key, position, number) for key in keys])


def _merged(scans: Sequence[Sequence[tuple[int, int]]], count: int) -> Sequence[tuple[int, int]]:
    """The first `count` of several descending scans, each place once."""
    if len(scans) == 1:
        return scans[0]
    return list(islice(dict.fromkeys(merge(*scans, reverse=True)), count))
