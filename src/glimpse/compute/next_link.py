"""NextLink: the link in a list's response to the next page of the list."""

from typing import NamedTuple
from urllib.parse import urlencode

from glimpse.caching.short_arguments import cache_if_short


class NextLink(NamedTuple):
    """Makes the link to the next page of a list from the id of the last image.

    `list_url` is the list's URL without a query string. `parameters` are those of the request that
    the link repeats.
    """

    list_url: str
    parameters: tuple[tuple[str, str], ...]

    def render(self, marker: str) -> list[dict[str, str]]:
        """Return the value of ``images_links`` for a page whose last image has the id `marker`.

        In the URL, the parameters are sorted by name and value. Each name occurs once, with the
        last of its sorted values, as in a deployed Compute API. `marker` replaces the value of the
        request's ``marker``, or comes last.
        """
        url = f"{self.list_url}?{_encode_parameters(self.parameters, marker)}"
        return [{"rel": "next", "href": url}]


@cache_if_short(longest=1024, entries=128)
def _encode_parameters(parameters: tuple[tuple[str, str], ...], marker: str) -> str:
    return urlencode({**dict(sorted(parameters)), "marker": marker})
