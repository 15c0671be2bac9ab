"""filter_pages: the images that it yields, and the flags of the last page."""

from collections.abc import AsyncGenerator

import pytest

from glimpse.images import Image, Page, filter_pages
from glimpse.images.image import image_from_document
from tests.embedded.images import document

NAMES = "aXbcXXdX"


async def pages(size: int, closed: list[bool]) -> AsyncGenerator[Page, None]:
    images = [image_from_document(document(name=name)) for name in NAMES]
    try:
        for start in range(0, len(images), size):
            end = start + size
            yield Page(images[start:end], is_last=end >= len(images))
    finally:
        closed.append(True)


def is_small(image: Image) -> bool:
    return image.name != "X"


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize(
    ("limit", "names", "more"),
    [
        (None, "abcd", False),
        (0, "", True),
        (1, "a", True),
        (3, "abc", True),
        (4, "abcd", False),
        (9, "abcd", False),
    ],
)
async def test_the_limit_counts_accepted_images_only(
    size: int, limit: int | None, names: str, *, more: bool
) -> None:
    closed: list[bool] = []
    found = [page async for page in filter_pages(pages(size, closed), is_small, limit)]
    assert "".join(str(image.name) for page in found for image in page.images) == names
    assert [page.is_last for page in found] == [False] * (len(found) - 1) + [True]
    assert found[-1].has_more == more
    assert closed == [True]
