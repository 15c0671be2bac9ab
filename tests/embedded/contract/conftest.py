"""Fixtures and helpers of the tests that every catalog engine has to pass."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from glimpse.embedded.catalog import Catalog, Record
from glimpse.embedded.sqlite.catalog import SQLiteCatalog
from glimpse.images import Caller, Image, ImageQuery, image_from_document
from tests.embedded.images import OWNER, document

ENGINES: dict[str, Callable[[Path], Catalog]] = {
    "sqlite": lambda directory: SQLiteCatalog.open(directory / "catalog.sqlite"),
}


@asynccontextmanager
async def opened(engine: str, directory: Path) -> AsyncIterator[Catalog]:
    catalog = ENGINES[engine](directory)
    try:
        yield catalog
    finally:
        await catalog.close()


@pytest.fixture(params=ENGINES)
async def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Catalog]:
    async with opened(request.param, tmp_path) as made:
        yield made


def image(**changes: Any) -> Image:
    return image_from_document(document(**changes))


async def put(catalog: Catalog, *images: Image, **members: str) -> None:
    await catalog.put([(each, members) for each in images])


async def found(
    catalog: Catalog, query: ImageQuery, caller: Caller = OWNER, marker: Image | None = None
) -> list[Image]:
    """Return the images of all pages; fail unless only the final page is marked as the last."""
    pages = [page async for page in catalog.pages(caller, query, marker)]
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]
    return [each for page in pages for each in page.images]


def any_image(_: Record) -> None:
    """Accept every record: a check for catalog methods that take one."""
