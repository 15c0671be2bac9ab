"""The links of a list to its first and its next page. Pure."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from glimpse.image_api.request_parsing import Pairs

_REPEATABLE = ("tag", "sort", "sort_key", "sort_dir")


def list_link(path: str, parameters: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    """Return `path` with the URL-encoded `parameters` as its query string.

    Without parameters, returns `path` unchanged.
    """
    return f"{path}?{urlencode(parameters)}" if parameters else path


def parameters_of_pages(query: Pairs) -> list[tuple[str, str]]:
    """Return the parameters that the links to other pages of a list of images repeat.

    All parameters except ``marker`` are returned, in their order. Of a repeated parameter, only the
    last value is returned, in the place of the first. Only ``tag``, ``sort``, ``sort_key`` and
    ``sort_dir`` keep all their values.
    """
    last = dict(query)
    last.pop("marker", None)
    return [
        (key, value if key in _REPEATABLE else last.pop(key)) for key, value in query if key in last
    ]
