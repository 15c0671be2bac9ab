"""NextLink: the link to the next page of a list of images, servers or flavors."""

from typing import NamedTuple
from urllib.parse import urlencode

from glimpse.caching.short_arguments import cache_if_short


class NextLink(NamedTuple):
    """Makes the link to the next page of a list of images, servers or flavors.

    `list_url` is the list's URL without a query string. `parameters` has the names and values of
    the request's query that the link repeats.
    """

    list_url: str
    parameters: tuple[tuple[str, str], ...]

    def render(self, marker: str) -> list[dict[str, str]]:
        """Return the value of ``images_links``, ``servers_links`` or ``flavors_links`` of a page.

        `marker` is the id of the last image, server or flavor of the page. The URL repeats the
        request's parameters, sorted by name. Of a repeated parameter, only the value that sorts
        last remains, as in a deployed Compute API. `marker` replaces the value of the request's
        parameter ``marker``, or else is added at the end. Example: for the parameters
        ``b=2&a=1&b=1``, the URL's query is ``a=1&b=2&marker=ID``.
        """
        url = f"{self.list_url}?{_encode_parameters(self.parameters, marker)}"
        return [{"rel": "next", "href": url}]


@cache_if_short(longest=1024, entries=128)
def _encode_parameters(parameters: tuple[tuple[str, str], ...], marker: str, /) -> str:
    return urlencode({**dict(sorted(parameters)), "marker": marker})
