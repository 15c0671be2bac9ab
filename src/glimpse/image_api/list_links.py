"""The links of a list to its first and its next page. Pure."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from glimpse.image_api.request_parsing import Pairs

_REPEATABLE = ("tag", "sort", "sort_key", "sort_dir")


def list_link(path: str, parameters: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    """Return the link to a list at `path` with these query parameters, which are quoted here."""
    return f"{path}?{urlencode(parameters)}" if parameters else path


def parameters_of_pages(query: Pairs) -> list[tuple[str, str]]:
    """Return the parameters of a request for images that links to other pages repeat.

    They are all but the marker. Of a repeated parameter the last value counts, but all tags and
    sort keys do.
    """
    last = dict(query)
    last.pop("marker", None)
    return [
        (key, value if key in _REPEATABLE else last.pop(key)) for key, value in query if key in last
    ]
