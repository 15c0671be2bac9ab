"""Filtered lists take as few SQLite instructions among many images as among few."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest

from glimpse.embedded.sqlite.filtered_scan import (
    MAX_INDEXED_ROWS,
    FilteredScan,
    is_readable_from_index,
)
from glimpse.embedded.sqlite.image_writer import ImageWriter
from glimpse.embedded.sqlite.schema import open_and_migrate
from glimpse.images import DateBound, Image, ImageQuery, Sort, image_from_document
from glimpse.images.dates import DateOperator
from glimpse.images.query import SortDirection
from tests.embedded.images import ADMIN, OWNER, document

FEWER, MORE = 600, 4800


def image_of(number: int) -> Image:
    """Return an image, every tenth of OWNER; each was created and changed a second later."""
    date = f"2024-02-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return image_from_document(
        document(
            id=f"{number:08x}-0000-4000-8000-000000000000",
            owner="owner" if number % 10 == 0 else "somebody",
            created_at=date,
            updated_at=date,
            min_ram=number % 2,
        )
    )


def fill(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    connection.execute("BEGIN")
    ImageWriter(connection).put([(image_of(number), {}) for number in numbers])
    connection.execute("COMMIT")


@pytest.fixture(scope="module", params=[FEWER, MORE])
def catalog(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[sqlite3.Connection, int]]:
    with closing(
        open_and_migrate(tmp_path_factory.mktemp("catalog") / "catalog.sqlite")
    ) as connection:
        fill(connection, range(request.param))
        yield connection, request.param


class InstructionCounter:
    """Counts tens of instructions of SQLite's virtual machine. A context manager."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.count = 0

    def __enter__(self) -> Self:
        self._connection.set_progress_handler(self._one_more, 10)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.set_progress_handler(None, 0)

    def _one_more(self) -> int:
        self.count += 1
        return 0


ids = tuple(image_of(number).id for number in (10, 20, 30, 31))


def test_images_are_looked_up_by_their_ids(catalog: tuple[sqlite3.Connection, int]) -> None:
    connection, _ = catalog
    with InstructionCounter(connection) as steps:
        found = FilteredScan(connection).step(OWNER, ImageQuery(ids=ids), None, 200)
    assert {image.id for image in found.images} == set(ids[:3])
    assert steps.count < 100


def test_few_recently_changed_images_are_found_by_their_date(
    catalog: tuple[sqlite3.Connection, int],
) -> None:
    connection, count = catalog
    since = DateBound("gte", image_of(count - 100).updated_at)
    with InstructionCounter(connection) as steps:
        found = FilteredScan(connection).step(ADMIN, ImageQuery(updated_at=since), None, 200)
    assert len(found.images) == 100
    assert steps.count < 2000


def test_many_changed_hidden_images_are_found_in_slices(tmp_path: Path) -> None:
    with closing(open_and_migrate(tmp_path / "catalog.sqlite")) as connection:
        hidden = [image_of(number)._replace(os_hidden=True) for number in range(FEWER)]
        ImageWriter(connection).put([(image, {}) for image in hidden])
        query = ImageQuery(os_hidden=True, updated_at=DateBound("gte", hidden[0].updated_at))
        assert len(FilteredScan(connection).step(ADMIN, query, None, 50).images) == 50


def test_many_changed_images_are_found_in_slices(
    catalog: tuple[sqlite3.Connection, int],
) -> None:
    connection, count = catalog
    query = ImageQuery(updated_at=DateBound("gte", image_of(0).updated_at))
    assert count > MAX_INDEXED_ROWS
    with InstructionCounter(connection) as steps:
        found = FilteredScan(connection).step(ADMIN, query, None, 50)
    assert len(found.images) == 50
    assert steps.count < 2000


@pytest.mark.parametrize(
    "query",
    [
        ImageQuery(min_ram=5),
        ImageQuery(size_min=1),
        ImageQuery(tags=("t",)),
        ImageQuery(visibility="public"),
        ImageQuery(created_at=DateBound("lt", "2025-01-01T00:00:00Z"), disk_formats=("raw",)),
    ],
    ids=str,
)
def test_step_of_a_list_without_an_index_is_bounded(
    catalog: tuple[sqlite3.Connection, int], query: ImageQuery
) -> None:
    connection, _ = catalog
    with InstructionCounter(connection) as steps:
        found = FilteredScan(connection).step(ADMIN, query, None, 200)
    assert found.images == []
    assert found.cursor is not None
    assert steps.count < 1500


def test_a_list_between_two_dates_of_creation_reads_no_other_images(
    catalog: tuple[sqlite3.Connection, int],
) -> None:
    connection, count = catalog
    scan = FilteredScan(connection)
    before = ImageQuery(created_at=DateBound("lt", image_of(10).created_at))
    with InstructionCounter(connection) as steps:
        found = scan.step(ADMIN, before, None, 200)
        assert [image.id for image in found.images] == [image_of(n).id for n in range(9, -1, -1)]
        assert found.cursor is None
        since = ImageQuery(created_at=DateBound("gte", image_of(count - 10).created_at))
        found = scan.step(ADMIN, since, None, 200)
        assert len(found.images) == 10
        assert found.cursor is None, "it would have gone on through all older images"
    assert steps.count < 1500


@pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte", "eq", "neq"])
def test_a_list_by_date_of_creation_has_all_matching_images(
    catalog: tuple[sqlite3.Connection, int], operator: DateOperator
) -> None:
    connection, count = catalog
    bound = DateBound(operator, image_of(300).created_at)
    found = FilteredScan(connection).step(ADMIN, ImageQuery(created_at=bound), None, 2 * count)
    expected = [image for image in map(image_of, range(count)) if bound.holds(image.created_at)]
    assert [image.id for image in found.images] == [image.id for image in reversed(expected)]


def test_sorting_a_projects_images_does_not_read_those_of_others(tmp_path: Path) -> None:
    counted = []
    for others in (100, 2000):
        with closing(open_and_migrate(tmp_path / f"{others}.sqlite")) as connection:
            fill(connection, (n for n in range(others) if n % 10 or n < 100))
            with InstructionCounter(connection) as steps:
                query = ImageQuery(sort=(Sort("name", "asc"),))
                assert len(FilteredScan(connection).step(OWNER, query, None, 20).images) == 10
            counted.append(steps.count)
    assert counted[1] < 1.2 * counted[0], f"steps among 100 and among 2,000 images: {counted}"


def test_only_lists_that_are_read_from_one_index_run_on_the_event_loop() -> None:
    short = [
        ImageQuery(),
        ImageQuery(names=("a",)),
        ImageQuery(statuses=("queued", "saving")),
        ImageQuery(properties={"image_type": "snapshot"}),
        ImageQuery(sort=(Sort("created_at", "desc"),)),
        ImageQuery(visibility="all", os_hidden=True),
    ]
    long = [
        ImageQuery(names=tuple(map(str, range(1000)))),
        ImageQuery(names=("a",), statuses=("queued",)),
        ImageQuery(sort=(Sort("created_at", "asc"),)),
        ImageQuery(visibility="public"),
        ImageQuery(tags=("a",)),
        ImageQuery(min_disk=0),
        ImageQuery(ids=()),
    ]
    assert [query for query in short if not is_readable_from_index(OWNER, query)] == []
    assert [query for query in long if is_readable_from_index(OWNER, query)] == []


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("invalid", ["cd", "ab", "de", "abc", "cde", "bcd", "abcde"])
def test_a_step_that_ends_at_an_invalid_row_neither_repeats_nor_skips_images(
    tmp_path: Path, direction: SortDirection, invalid: str
) -> None:
    names = "".join(sorted(set("abcde") - set(invalid), reverse=direction == "desc"))
    images = [image_from_document(document(name=name, owner="owner")) for name in "abcde"]
    with closing(open_and_migrate(tmp_path / "catalog.sqlite")) as connection:
        connection.execute("BEGIN")
        ImageWriter(connection).put([(image, {}) for image in images])
        connection.execute("COMMIT")
        not_utf_8 = "UPDATE images SET name = CAST(name || x'FF' AS TEXT) WHERE name = ?"
        connection.executemany(not_utf_8, invalid)
        scan, query = FilteredScan(connection), ImageQuery(sort=(Sort("name", direction),))
        for count in range(2, 6):
            found, cursor = scan.step(OWNER, query, None, count)
            listed = [image.name for image in found]
            while cursor is not None:
                found, cursor = scan.step(OWNER, query, cursor, count)
                listed += [image.name for image in found]
                assert len(listed) <= len(names)
            assert "".join(map(str, listed)) == names
