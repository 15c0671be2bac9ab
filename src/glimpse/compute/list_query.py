"""Filters: the query string of a list, as an ImageQuery and as the parameters of its next link."""

import functools
import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from glimpse.compute.faults import Fault
from glimpse.images import ImageQuery, parse_date, parse_filters

_NUMBERS = ("limit", "page_size", "offset")
_IMAGE_API_NAMES = {
    "name": "name",
    "status": "status",
    "server": "instance_uuid",
    "type": "image_type",
    "minRam": "min_ram",
    "minDisk": "min_disk",
}
_WHOLE_NUMBER = re.compile(r"[0-9]+\n?")
_LARGEST = 2**62
# Bytes of a query string whose parsed form is cached; 128 of them, parsed, take some 2 MB.
_LONGEST_CACHED = 1024

# The Image service's statuses that are shown with each status of the Compute API.
_STATUSES = {
    "ACTIVE": ("active",),
    "SAVING": ("queued", "saving"),
    "DELETED": ("deleted", "pending_delete"),
    "ERROR": ("killed",),
    "UNKNOWN": ("importing", "uploading", "deactivated"),
}
_IMAGE_SERVICE_STATUSES = frozenset(("active", "saving", "deleted"))


class ListRequest(NamedTuple):
    """What a list is asked for, and the parameters that its next link repeats."""

    query: ImageQuery
    parameters: tuple[tuple[str, str], ...]
    cached: bool = False  # the query string was short enough for its next link to be cached

    def next_parameters(self, marker: str) -> str:
        """The query string of the next page: sorted parameters, the marker replaced or last."""
        render = _next_parameters if self.cached else _next_parameters.__wrapped__
        return render(self.parameters, marker)


@functools.lru_cache(maxsize=128)
def _next_parameters(parameters: tuple[tuple[str, str], ...], marker: str) -> str:
    return urlencode({**dict(sorted(parameters)), "marker": marker})


def parse_list_request(query_string: bytes) -> ListRequest:
    """Parse the query string of ``/images`` or ``/images/detail``.

    Unknown parameters are dropped, the last of repeated ones counts, each number is validated.
    ``property-{key}`` is that key of the Image API's own query language (repair R1: the key is
    what follows the prefix). Raises a 400 fault, or images.errors.Invalid.
    """
    if len(query_string) <= _LONGEST_CACHED:
        return _parsed(query_string)
    return _parsed.__wrapped__(query_string)


@functools.lru_cache(maxsize=128)  # a client that polls repeats its request
def _parsed(query_string: bytes) -> ListRequest:
    try:
        text = query_string.decode().replace(";", "&")  # the Compute API takes either for one
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise Fault(400, "Query string is not UTF-8 encoded") from None
    parameters = tuple((key, value) for key, value in pairs if _is_known(key))
    for number in _NUMBERS:
        for key, value in parameters:
            if key == number:
                _check_number(key, value)
    last = dict(parameters)
    filters = _image_api_filters(last)
    # The Image API has no such filters: there they are where the list starts and how long it is.
    filters.pop("limit", None)
    marker = filters.pop("marker", None)
    query = parse_filters(
        filters.items(),
        marker=last.get("marker") or marker,
        limit=_number(last.get("limit")),
        page_size=_number(last.get("page_size")),
    )
    return ListRequest(query, parameters, cached=len(query_string) <= _LONGEST_CACHED)


def _image_api_filters(parameters: dict[str, str]) -> dict[str, str]:
    """The Image API's filters for the Compute API's; of two for one attribute the later wins."""
    filters: dict[str, str] = {}
    for key, value in parameters.items():
        if key == "changes-since":
            filters["updated_at"] = _since(value)
        elif key in _IMAGE_API_NAMES:
            filters[_IMAGE_API_NAMES[key]] = value
        elif key.startswith("property-"):
            filters[key.removeprefix("property-")] = value
    if "instance_uuid" in filters:
        filters["instance_uuid"] = filters["instance_uuid"].rsplit("/", 1)[-1]
    if "status" in filters:
        filters["status"] = _image_statuses(filters["status"])
    return filters


def _is_known(key: str) -> bool:
    return (
        key in _IMAGE_API_NAMES
        or key in _NUMBERS
        or key in ("marker", "changes-since")
        or key.startswith("property-")
    )


def _check_number(key: str, value: str) -> None:
    if not _WHOLE_NUMBER.fullmatch(value) or not value.strip("0\n"):
        raise Fault(
            400,
            f"Invalid input for query parameters {key}. Value: {value}. "
            "It must be a whole number, 1 or more.",
        )


def _number(value: str | None) -> int | None:
    return min(int(value[:30]), _LARGEST) if value else None


def _since(date: str) -> str:
    """A filter of the Image API for images changed at that date or later."""
    if parse_date(date) is None:
        raise Fault(
            400,
            f"Invalid input for query parameters changes-since. Value: {date}. "
            "It must be a date and time in ISO 8601 notation.",
        )
    return f"gte:{date}"


def _image_statuses(status: str) -> str:
    """The Image service's statuses for a status in any case (repair R4).

    The Image service's own words, which are in lower case, keep their own meaning.
    """
    operator, colon, rest = status.partition(":")
    several = bool(colon) and operator.lower() == "in"
    found: list[str] = []
    for word in rest.split(",") if several else [status]:
        name = word.strip('"') if several and word.count('"') == 2 else word  # noqa: PLR2004  a pair
        name = name.rstrip(" ")  # the Image service's database compares without them
        own = name in _IMAGE_SERVICE_STATUSES
        found += (name,) if own else _STATUSES.get(name.upper(), (name.lower(),))
    return "in:" + ",".join(found) if several or len(found) > 1 else found[0]
