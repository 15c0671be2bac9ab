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

    These are all parameters except ``marker``. Of a repeated parameter, only the last value is
    returned. All values of ``tag``, ``sort``, ``sort_key`` and ``sort_dir`` are returned.
    """
    last = dict(query)
    last.pop("marker", None)
    return [
        (key, value if key in _REPEATABLE else last.pop(key)) for key, value in query if key in last
    ]
