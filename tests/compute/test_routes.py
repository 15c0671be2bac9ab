"""Paths are matched with routes, also with the newline that some clients send at the end."""

import pytest

from glimpse.compute.image_routes import image_routes
from tests.compute.requests import make_operations
from tests.support.memory_image_service import MemoryImageService


@pytest.mark.parametrize(
    ("path", "image_id", "key"),
    [
        ("/images/a\n", "a", ""),
        ("/images/a\n/metadata", "a", ""),
        ("/images/a\n/metadata/k\n", "a", "k"),
        ("/images/a/metadata/k\n\n", "a", "k\n"),
        ("/images/a/metadata/\n", "a", "\n"),
    ],
)
def test_a_newline_at_the_end_of_an_id_or_of_the_path_is_dropped(
    path: str, image_id: str, key: str
) -> None:
    match = image_routes(make_operations(MemoryImageService())).match("GET", "/v2.1", path)
    assert match is not None
    assert (match.resource_id, match.key) == (image_id, key)
