"""Pages of lists are the same, whichever index they are read from."""

from collections.abc import AsyncIterator, Sequence

import pytest

from glimpse.glance_database.connection import Rows, Statement
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.filters import filter_conditions
from glimpse.glance_database.list_indexes import indexes_of_list
from glimpse.glance_database.list_reader import Listing, ListReader
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.statements import position
from glimpse.glance_database.visibility import list_condition
from glimpse.images import ImageQuery
from tests.glance_database.glance_tables import GlanceTables

_QUERIES = (
    *(ImageQuery(visibility=each) for each in (None, "all", "public", "community", "shared")),
    *(ImageQuery(visibility="private"), ImageQuery(owner="alt"), ImageQuery(names=("b",))),
    ImageQuery(member_status="pending"),
    ImageQuery(member_status="all", visibility="shared"),
    ImageQuery(properties={"key": "value"}),
)


def _listing(query: ImageQuery, *, is_admin: bool, has_indexes: bool = True) -> Listing:
    visible = list_condition("demo", query.visibility, query.member_status, is_admin=is_admin)
    conditions = [*filter_conditions(query), *([] if visible is None else [visible])]
    indexes = indexes_of_list(query, "demo", is_admin=is_admin) if has_indexes else []
    return Listing(conditions, indexes, ("demo", repr(query)))


async def _read_all(reader: ListReader, listing: Listing, count: int) -> list[str]:
    """Return the ids of the list, read in pages of `count` images."""
    ids: list[str] = []
    after = None
    while True:
        rows = await reader.read_page(listing, after, count)
        ids += [row[0] for row in rows]
        if len(rows) < count:
            return ids
        after = position(rows[-1])


async def _put_images(tables: GlanceTables) -> list[str]:
    """Insert images of each kind, and return the id of each."""
    ids: list[str] = []
    for owner in ("demo", "alt", None):
        for visibility in ("public", "private", "shared", "community"):
            for members in ({}, {"demo": "accepted"}, {"demo": "pending", "x": "accepted"}):
                ids.append(
                    await tables.put_image(
                        owner=owner,
                        visibility=visibility,
                        members=members,
                        name="ab"[len(ids) % 2],
                        properties={"key": "value"} if len(ids) % 3 else {},
                    )
                )
    return ids


async def test_a_list_is_the_same_from_each_index(
    tables: GlanceTables, database: GlanceDatabase
) -> None:
    ids = await _put_images(tables)
    for query in (*_QUERIES, ImageQuery(ids=tuple(ids[::5]))):
        for is_admin in (False, True):
            by_date = _listing(query, is_admin=is_admin, has_indexes=False)
            expected = await _read_all(ListReader(database), by_date, 100)
            assert expected
            assert set(expected) <= set(ids)
            listing = _listing(query, is_admin=is_admin)
            # A window of no image, of a few, and of all
            for window in (0, 10, 1000):
                found = await _read_all(ListReader(database, window), listing, 3)
                assert found == expected, (query, is_admin, window)


class RecordingDatabase(GlanceDatabase):
    """A GlanceDatabase that records how it was read."""

    def __init__(self, options: DatabaseOptions) -> None:
        super().__init__(options, find_driver(options.url))
        self.statements: list[str] = []

    async def fetch(self, statement: Statement, seconds: float | None = None) -> Rows:
        self.statements.append(statement.sql)
        return await super().fetch(statement, seconds)


@pytest.fixture
async def recording(options: DatabaseOptions) -> AsyncIterator[RecordingDatabase]:
    database = RecordingDatabase(options)
    yield database
    await database.close()


def _kinds(statements: Sequence[str]) -> list[str]:
    """Return for each statement if it reads a date, by dates, or from indexes."""
    return [
        "indexes" if "UNION" in sql else "date" if "OFFSET" in sql else "by date"
        for sql in statements
    ]


async def test_a_list_that_is_not_in_the_window_is_read_from_sources_for_a_while(
    tables: GlanceTables, recording: RecordingDatabase
) -> None:
    now = 100.0
    await tables.put_image()
    for _ in range(20):
        await tables.put_image(owner="other")
    reader = ListReader(recording, 1, clock=lambda: now)
    listing = _listing(ImageQuery(), is_admin=False)
    assert len(await reader.read_page(listing, None, 1)) == 1
    assert _kinds(recording.statements) == ["date", "by date", "indexes"]
    recording.statements.clear()
    await reader.read_page(listing, None, 1)
    assert _kinds(recording.statements) == ["indexes"]
    recording.statements.clear()
    now += 61.0
    await reader.read_page(listing, None, 1)
    assert _kinds(recording.statements) == ["date", "by date", "indexes"]


async def test_a_list_whose_images_are_new_is_read_by_date(
    tables: GlanceTables, recording: RecordingDatabase
) -> None:
    for _ in range(20):
        await tables.put_image()
    reader = ListReader(recording, 1)
    assert len(await reader.read_page(_listing(ImageQuery(), is_admin=False), None, 2)) == 2
    assert _kinds(recording.statements) == ["date", "by date"]
