"""Cache the JSON of images in lists, because clients poll the same pages."""

import functools

import orjson

from glimpse.compute.links import LinkBases
from glimpse.compute.views import detail_view
from glimpse.images import Image

# The JSON of an image is cached if the image and its links have at most this many characters.
# 1,024 such images and their JSON take up to 20 MB, or 60 MB if each character takes 4 bytes. (The
# JSON repeats the links up to four times.)
_MAX_CACHED_CHARACTERS = 4000


class _RenderingTooLarge(Exception):
    """Has a rendering that is not to be cached: `lru_cache` does not cache a call that raises."""

    def __init__(self, rendering: orjson.Fragment) -> None:
        super().__init__()
        self.rendering = rendering


def render_detail(image: Image, link_bases: LinkBases, *, show_size: bool) -> orjson.Fragment:
    """Return the JSON of an image's full document (see `detail_view`).

    The JSON is cached if the texts of `image` and of `link_bases` together have at most 4,000
    characters. The cache holds the JSON of up to 1,024 images.
    """
    if len(image.properties_json) > _MAX_CACHED_CHARACTERS:  # also saves hashing it
        return _render(image, link_bases, show_size=show_size)
    try:
        return _render_cached(image, link_bases, show_size)
    except _RenderingTooLarge as large:
        return large.rendering


@functools.lru_cache(maxsize=1024)
def _render_cached(image: Image, link_bases: LinkBases, show_size: bool) -> orjson.Fragment:  # noqa: FBT001  lru_cache takes longer with keywords
    rendering = _render(image, link_bases, show_size=show_size)
    # Links contain the request's Host header and project id, which may be 64 kB long.
    if (
        sum(len(text) for text in (*image, *link_bases) if isinstance(text, str))
        > _MAX_CACHED_CHARACTERS
    ):
        raise _RenderingTooLarge(rendering)
    return rendering


def _render(image: Image, link_bases: LinkBases, *, show_size: bool) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps(detail_view(image, link_bases, show_size=show_size)))
