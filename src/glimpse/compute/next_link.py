"""The next link of a list: its query string, its URL, and its form in the response."""

import functools
from typing import NamedTuple
from urllib.parse import urlencode


class NextLink(NamedTuple):
    """Makes the next link of one list.

    `list_url` is the URL of the list without a query string. `parameters` are the parameters of
    the request that the link repeats. With `is_cacheable`, the query string is cached.
    """

    list_url: str
    parameters: tuple[tuple[str, str], ...]
    is_cacheable: bool = False

    def render(self, marker: str) -> list[dict[str, str]]:
        """Return the value of ``images_links``; `marker` is the id of the last listed image.

        The parameters are sorted by name. The marker replaces the marker of the request; in a
        request without one it comes last.
        """
        encode = _encode_parameters if self.is_cacheable else _encode_parameters.__wrapped__
        url = f"{self.list_url}?{encode(self.parameters, marker)}"
        return [{"rel": "next", "href": url}]


@functools.lru_cache(maxsize=128)
def _encode_parameters(parameters: tuple[tuple[str, str], ...], marker: str) -> str:
    return urlencode({**dict(sorted(parameters)), "marker": marker})
