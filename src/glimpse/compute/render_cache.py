"""Cache the JSON of images in lists, because clients poll the same pages."""

import functools

import orjson

from glimpse.compute.links import Links
from glimpse.compute.views import detail_view
from glimpse.images import Image

# The most characters of an image and its links whose JSON is cached. 1,024 of them take up to 20 MB
# with their JSON, which repeats the links up to four times; 60 MB if each character takes 4 bytes.
_MAX_CACHED_CHARACTERS = 4000


class _RenderingTooLarge(Exception):
    """Raised to return `rendering` without caching it: `lru_cache` caches no call that raises."""

    def __init__(self, rendering: orjson.Fragment) -> None:
        super().__init__()
        self.rendering = rendering


def render_detail(image: Image, links: Links, *, show_size: bool) -> orjson.Fragment:
    """Return the JSON of `detail_view`; cache it up to 4,000 characters of image and links.

    The cache holds 1,024 images, with their links.
    """
    if len(image.properties_json) > _MAX_CACHED_CHARACTERS:  # also saves hashing it
        return _render(image, links, show_size=show_size)
    try:
        return _render_cached(image, links, show_size)
    except _RenderingTooLarge as large:
        return large.rendering


@functools.lru_cache(maxsize=1024)
def _render_cached(image: Image, links: Links, show_size: bool) -> orjson.Fragment:  # noqa: FBT001  lru_cache takes longer with keywords
    rendering = _render(image, links, show_size=show_size)
    # The Host header and the project id, which links are made of, may be 64 kB long.
    if (
        sum(len(text) for text in (*image, *links) if isinstance(text, str))
        > _MAX_CACHED_CHARACTERS
    ):
        raise _RenderingTooLarge(rendering)
    return rendering


def _render(image: Image, links: Links, *, show_size: bool) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps(detail_view(image, links, show_size=show_size)))
