"""Parse the query string of ``GET /images`` and ``GET /images/detail`` into an ImageQuery.

`images.query_values` parses the values of filters.
"""

import re
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from glimpse.caching.short_arguments import cache_if_short
from glimpse.compute.faults import Fault
from glimpse.compute.image_status import stored_statuses
from glimpse.images import DateBound, ImageQuery
from glimpse.images.dates import make_date_bound
from glimpse.images.query_values import (
    ATTRIBUTE_FILTERS,
    parse_sort,
    parse_texts,
    reject_changes_since,
    split_list,
)

_NUMBERS = ("limit", "page_size", "offset")
# Filters of the Compute API, and the attribute or property of the Image service that each compares.
_IMAGE_SERVICE_NAMES = {
    "name": "name",
    "status": "status",
    "server": "instance_uuid",
    "type": "image_type",
    "minRam": "min_ram",
    "minDisk": "min_disk",
}
_PROPERTY_PREFIX = "property-"
_SORT_PARAMETERS = ("sort", "sort_key", "sort_dir")
_WHOLE_NUMBER = re.compile(r"[0-9]+\n?")
_MAX_LIMIT = 2**62


class ListRequest(NamedTuple):
    """The parsed query string of a list of images.

    `query` has the filters, order, marker and limit. `parameters` has the names and values that the
    link to the next page repeats, in the request's order: those that `parse_list_request` calls
    known. A repeated parameter is in `parameters` several times.
    """

    query: ImageQuery
    parameters: tuple[tuple[str, str], ...]


# A client that polls repeats its request. The cache takes some 2 MB.
@cache_if_short(longest=1024, entries=128)
def parse_list_request(query_string: bytes, /) -> ListRequest:
    """Parse the query string of a list of images. Do not change the result: it may be cached.

    Known parameters are ``limit``, ``marker``, ``name``, ``status``, ``server``, ``type``,
    ``minRam``, ``minDisk``, ``changes-since`` and ``property-{key}``. ``property-{key}`` filters by
    any property or attribute, in the syntax of the Image API (``property-name=in:a,b``); a few keys
    are no filters, such as ``sort`` and ``limit`` (see `_make_query`).
    ``page_size`` and ``offset`` are known, too: they have no effect on the query, but must be
    valid. Unknown parameters have no effect. If a parameter is repeated, the last value counts.
    ``;`` separates parameters as ``&`` does. Without ``limit``, the list has no limit. An empty
    ``marker`` is no marker.

    Raises a 400 fault

    - if the query string is not UTF-8, or a known parameter has a NUL character;
    - if any ``limit``, ``page_size`` or ``offset`` is not a whole number of 1 or more;
    - if ``changes-since`` is not a date.

    Raises Invalid of `images.errors` if the value of another parameter is not valid.
    """
    try:
        text = query_string.decode().replace(";", "&")  # the Compute API accepts both as separator
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise Fault(400, "Query string is not UTF-8 encoded") from None
    parameters = tuple((name, value) for name, value in pairs if _is_known(name))
    for number in _NUMBERS:
        for name, value in parameters:
            if name == number:
                _check_number(name, value)
    for name, value in parameters:
        check_no_nul(name, value)
    return ListRequest(_make_query(dict(parameters)), parameters)


def _is_known(name: str) -> bool:
    return (
        name in _IMAGE_SERVICE_NAMES
        or name in _NUMBERS
        or name in ("marker", "changes-since")
        or name.startswith(_PROPERTY_PREFIX)
    )


def _check_number(name: str, value: str) -> None:
    """Raise a 400 fault if `value` is not a whole number of 1 or more, in digits only.

    `name` is the parameter, for the message. A newline at the end is accepted, as in a deployed
    Compute API.
    """
    if not _WHOLE_NUMBER.fullmatch(value) or not value.strip("0\n"):
        raise Fault(
            400,
            f"Invalid input for query parameters {name}. Value: {value}. "
            "It must be a whole number, 1 or more.",
        )


def check_no_nul(name: str, value: str) -> None:
    """Raise a 400 fault if the name or the value of a query parameter has a NUL character.

    The Image service's response to a NUL character depends on its database: MariaDB finds no image,
    and PostgreSQL fails.
    """
    if "\0" in name or "\0" in value:
        raise Fault(
            400,
            f"Invalid input for query parameters {name}. Value: {value}. "
            "It may not contain a NUL character.",
        )


def _make_query(parameters: dict[str, str]) -> ImageQuery:
    """Return the query for a request's parameters, by their names in the Compute API.

    `parameters` must have passed `_check_number` and `check_no_nul`. A limit above 2**62 becomes
    2**62. ``server`` may be a server's id, or a URL that ends with the id. ``property-sort``,
    ``property-sort_key`` and ``property-sort_dir`` set the order. ``property-marker`` is used if
    ``marker`` is missing or empty. ``property-limit`` and ``property-deleted`` have no effect.
    Raises a 400 fault if ``changes-since`` is not a date. Raises Invalid if another value is not
    valid; of ``property-changes-since``, every value except "" is invalid.
    """
    filters, changed_since = _split_filters(parameters)
    # Clients send these as property-limit and property-marker. The Image API takes them for its
    # own limit and marker, not for filters.
    filters.pop("limit", None)
    marker = filters.pop("marker", None)
    tags = [filters.pop("tag").strip()] if "tag" in filters else []
    sorts = [[filters.pop(name)] if name in filters else [] for name in _SORT_PARAMETERS]
    fields: dict[str, Any] = {} if changed_since is None else {"updated_at": changed_since}
    properties: dict[str, str] = {}
    for name, value in filters.items():
        if name == "status":
            fields["statuses"] = _parse_statuses(value)
        elif name == "instance_uuid":
            properties[name] = value.rsplit("/", 1)[-1]  # a server is named by its id or its URL
        elif name in ATTRIBUTE_FILTERS:
            field, parse = ATTRIBUTE_FILTERS[name]
            fields[field] = parse(name, value)
        elif name == "changes-since":  # sent as property-changes-since
            reject_changes_since(value)
        elif name != "deleted":  # deleted images are never listed
            properties[name] = value
    limit = parameters.get("limit")
    return ImageQuery(
        **fields,
        tags=tuple(tags),
        properties=properties,
        sort=parse_sort(*sorts),
        marker=parameters.get("marker") or marker,
        limit=min(int(limit.lstrip("0")[:30]), _MAX_LIMIT) if limit else None,
    )


def _split_filters(parameters: dict[str, str]) -> tuple[dict[str, str], DateBound | None]:
    """Return the filters by their names in the Image service, and the date ``changes-since``.

    Values of filters are not parsed. The parameters ``limit``, ``marker``, ``page_size`` and
    ``offset`` are left out. But ``property-limit`` is returned as the filter ``limit``, and
    ``property-marker`` as the filter ``marker``. The date is None if there is no ``changes-since``.
    Raises a 400 fault if ``changes-since`` is not a date.

    Two parameters may filter by the same attribute: ``name`` and ``property-name``, for example, or
    ``changes-since`` and ``property-updated_at``. Then only the later one in `parameters` counts.
    """
    filters: dict[str, str] = {}
    changed_since: DateBound | None = None
    for name, value in parameters.items():
        if name == "changes-since":
            changed_since = _parse_changes_since(value)
            filters.pop("updated_at", None)
        elif name in _IMAGE_SERVICE_NAMES:
            filters[_IMAGE_SERVICE_NAMES[name]] = value
        elif name.startswith(_PROPERTY_PREFIX):
            filters[name.removeprefix(_PROPERTY_PREFIX)] = value
            if name == f"{_PROPERTY_PREFIX}updated_at":
                changed_since = None
    return filters, changed_since


def _parse_changes_since(date: str) -> DateBound:
    bound = make_date_bound("gte", date)
    if bound is None:
        raise Fault(
            400,
            f"Invalid input for query parameters changes-since. Value: {date}. "
            "It must be a date and time in ISO 8601 notation.",
        )
    return bound


def _parse_statuses(text: str) -> tuple[str, ...]:
    """Return the Image service's statuses that a filter by status with the value `text` finds.

    `text` is a status of either API (see `stored_statuses`), or a list of them:
    ``in:ACTIVE,ERROR``. After ``eq:``, the text is a status of the Image service: ``eq:SAVING``
    finds saving, but not queued. The result may have a status twice. Raises Invalid if `text` has
    another operator than ``in`` and ``eq``, or a misplaced quote in a list.
    """
    operator, colon, rest = text.partition(":")
    if colon and operator.lower() == "in":
        return tuple(stored for each in split_list(rest) for stored in stored_statuses(each))
    statuses = stored_statuses(text)
    return parse_texts(statuses[0]) if len(statuses) == 1 else statuses
