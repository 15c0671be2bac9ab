"""Images of a list as JSON, cached: clients poll pages."""

import functools

import orjson

from glimpse.compute.views import Links, detail_view
from glimpse.images import Image

# Characters of an image and its links whose rendered form is cached: 1,024 of these, each with its
# rendering of up to four times the links, are 20 MB at most (60 MB if all characters take 4 bytes).
_CHARACTERS_KEPT = 4000


class _TooLargeToKeep(Exception):
    """Carries a rendering past the cache: `lru_cache` keeps nothing of a call that raises."""

    def __init__(self, rendering: orjson.Fragment) -> None:
        super().__init__()
        self.rendering = rendering


def render_detail(image: Image, links: Links, *, show_size: bool) -> orjson.Fragment:
    """Render one image of a list; a small rendering is cached."""
    if len(image.properties_json) > _CHARACTERS_KEPT:  # not worth hashing
        return _render(image, links, show_size=show_size)
    try:
        return _rendered(image, links, show_size)
    except _TooLargeToKeep as large:
        return large.rendering


@functools.lru_cache(maxsize=1024)
def _rendered(image: Image, links: Links, show_size: bool) -> orjson.Fragment:  # noqa: FBT001
    rendering = _render(image, links, show_size=show_size)
    # The Host header and the project id, which links are made of, may be 64 kB long.
    if sum(len(text) for text in (*image, *links) if isinstance(text, str)) > _CHARACTERS_KEPT:
        raise _TooLargeToKeep(rendering)
    return rendering


def _render(image: Image, links: Links, *, show_size: bool) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps(detail_view(image, links, show_size=show_size)))
