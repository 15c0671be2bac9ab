"""Steps of lists that are read from the listing index: in order, bounded, and cached."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from glimpse.embedded.sqlite.image_reader import ImageReader, read_images
from glimpse.embedded.sqlite.image_writer import ImageWriter
from glimpse.embedded.sqlite.list_step import ListingPosition
from glimpse.embedded.sqlite.query_conditions import Clause
from glimpse.embedded.sqlite.schema import open_and_migrate
from glimpse.images import Image, ImageQuery, image_from_document
from tests.embedded.images import OWNER, document

COUNT = 20


def image(number: int, text: str = "") -> Image:
    date = f"2024-02-01T10:20:{number:02}Z"
    return image_from_document(document(created_at=date, text=text, min_ram=number % 2))


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_and_migrate(tmp_path / "catalog.sqlite")) as opened:
        yield opened


def walk(reader: ImageReader, count: int) -> list[list[Image]]:
    steps = []
    position: ListingPosition | None = None
    while True:
        images, position = reader.list_step(OWNER, ImageQuery(), position, count)
        steps.append(list(images))
        if position is None:
            return steps


@pytest.mark.parametrize("count", [1, 7, COUNT, COUNT + 1])
def test_steps_have_every_image_once_newest_first(
    connection: sqlite3.Connection, count: int
) -> None:
    images = [image(number) for number in range(COUNT)]
    ImageWriter(connection).put([(each, {}) for each in images])
    steps = walk(ImageReader(connection), count)
    assert [each for step in steps for each in step] == images[::-1]
    assert max(map(len, steps)) <= count


def test_a_step_of_large_images_is_short_whether_or_not_they_are_cached(
    connection: sqlite3.Connection,
) -> None:
    images = [image(number, "x" * 150_000) for number in range(6)]
    ImageWriter(connection).put([(each, {}) for each in images])
    reader = ImageReader(connection)
    expected = [images[5:3:-1], images[3:1:-1], images[1::-1]]
    assert [step for step in walk(reader, 100) if step] == expected
    assert [step for step in walk(reader, 50) if step] == expected


def test_an_image_that_is_too_large_for_a_step_is_a_step_of_its_own(
    connection: sqlite3.Connection,
) -> None:
    images = [image(number, "x" * 500_000) for number in range(3)]
    ImageWriter(connection).put([(each, {}) for each in images])
    assert [len(step) for step in walk(ImageReader(connection), 100)] == [1, 1, 1]


def test_images_are_returned_in_the_order_of_the_given_numbers(
    connection: sqlite3.Connection,
) -> None:
    ImageWriter(connection).put([(image(number), {}) for number in range(COUNT)])
    numbers = [3, 17, 1, 99, 20, 2]
    found, examined = read_images(connection, numbers)
    assert (list(found), examined) == ([3, 17, 1, 20, 2], len(numbers))
    found, _ = read_images(connection, numbers, Clause("min_ram = ?", (1,)))
    assert {each.min_ram for each in found.values()} == {1}
