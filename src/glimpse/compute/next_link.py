"""NextLink: the link in a list's response to the next page of the list."""

import functools
from typing import NamedTuple
from urllib.parse import urlencode


class NextLink(NamedTuple):
    """Makes the link to the next page of a list from the id of the last image.

    `list_url` is the list's URL without a query string. `parameters` are those of the request that
    the link repeats. With `is_cacheable`, `render` caches the query string that it makes.
    """

    list_url: str
    parameters: tuple[tuple[str, str], ...]
    is_cacheable: bool = False

    def render(self, marker: str) -> list[dict[str, str]]:
        """Return the value of ``images_links`` for a page whose last image has the id `marker`.

        In the URL, the parameters are sorted by name, and each name occurs once, with its last
        value. `marker` replaces the value of the request's ``marker``, or comes last.
        """
        encode = _encode_parameters if self.is_cacheable else _encode_parameters.__wrapped__
        url = f"{self.list_url}?{encode(self.parameters, marker)}"
        return [{"rel": "next", "href": url}]


@functools.lru_cache(maxsize=128)
def _encode_parameters(parameters: tuple[tuple[str, str], ...], marker: str) -> str:
    return urlencode({**dict(sorted(parameters)), "marker": marker})
