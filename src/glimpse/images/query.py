"""ImageQuery: what a list is asked for, and Page: a part of the answer."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from glimpse.images.dates import DateBound, parse_date, parse_date_bound
from glimpse.images.errors import Invalid
from glimpse.images.image import Image

SortDirection = Literal["asc", "desc"]

SORT_KEYS = frozenset(
    (
        "name",
        "status",
        "container_format",
        "disk_format",
        "size",
        "id",
        "created_at",
        "updated_at",
    )
)
VISIBILITIES = frozenset(("public", "private", "shared", "community", "all"))
_MEMBER_STATUSES = frozenset(("accepted", "pending", "rejected", "all"))
_IGNORED = frozenset(("deleted", "changes-since"))  # a list never holds deleted images
_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?)", re.ASCII)
# A quote opens a value at its beginning only, and closes it at its end, unless a backslash precedes
_QUOTED = re.compile(r'"((?:[^"]|(?<=\\)")*)(?<!\\)"(?:,|\Z)')
_UNQUOTED = re.compile(r'((?:[^",]|(?<=\\)")*)(?:,|\Z)')


class Sort(NamedTuple):
    """Sort by an attribute of SORT_KEYS."""

    key: str
    direction: SortDirection


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """What a list of images is asked for. None, or an empty collection, means: any.

    ``names``, ``statuses``, ``ids``, ``disk_formats`` and ``container_formats`` match images with
    any of the values; ``properties`` and ``tags`` match images that have all of them. ``sort`` is
    empty for the usual order: created newest first, then id. ``marker`` is the id of the last
    image already seen, ``limit`` the most images wanted in all (None: every one), ``page_size`` a
    client's wish for the size of a page, which a service may ignore.
    """

    names: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    disk_formats: tuple[str, ...] | None = None
    container_formats: tuple[str, ...] | None = None
    visibility: str | None = None
    member_status: str = "accepted"
    owner: str | None = None
    os_hidden: bool = False
    protected: bool | None = None
    min_ram: int | None = None
    min_disk: int | None = None
    size: int | None = None
    virtual_size: int | None = None
    size_min: int | None = None
    size_max: int | None = None
    checksum: str | None = None
    os_hash_algo: str | None = None
    os_hash_value: str | None = None
    created_at: DateBound | None = None
    updated_at: DateBound | None = None
    tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)  # not hashable
    sort: tuple[Sort, ...] = ()
    marker: str | None = None
    limit: int | None = None
    page_size: int | None = None


class Page(NamedTuple):
    """Some of a list's images, in order.

    ``last``: no page follows in this answer. ``more``: the query's ``limit`` ended the answer
    though a further image exists (only on the last page).
    """

    images: Sequence[Image]
    last: bool = True
    more: bool = False


def parse_filters(
    pairs: Iterable[tuple[str, str]],
    *,
    marker: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
) -> ImageQuery:
    """Make an ImageQuery of filters in the Image API's query language.

    `pairs` are query parameters of ``GET /v2/images`` other than marker and limit
    (``name=in:a,b``, ``updated_at=gte:2024-01-01``, ``sort=name:asc``, ...). A key that is none of
    the Image API's own is a property to be equal to; of repeated keys the last wins, except tags
    and sort keys. Raises Invalid with a message that names the parameter.
    """
    found: dict[str, Any] = {}
    properties: dict[str, str] = {}
    repeatable: dict[str, list[str]] = {"tag": [], "sort": [], "sort_key": [], "sort_dir": []}
    for key, value in pairs:
        if key in _PARSERS:
            attribute, parse = _PARSERS[key]
            found[attribute] = parse(key, value)
        elif key in repeatable:
            repeatable[key].append(value)
        elif key == "changes-since" and value:
            raise Invalid('The "changes-since" filter is no longer available on v2.')
        elif key not in _IGNORED:
            properties[key] = value
    return ImageQuery(
        **found,
        tags=tuple(tag.strip() for tag in repeatable["tag"]),
        properties=properties,
        sort=_sort(repeatable["sort"], repeatable["sort_key"], repeatable["sort_dir"]),
        marker=marker,
        limit=limit,
        page_size=page_size,
    )


_CHOICES = {"visibility": VISIBILITIES, "member_status": _MEMBER_STATUSES}


def _any_of(_key: str, value: str) -> tuple[str, ...]:
    """Values of ``x``, ``eq:x`` or ``in:x,"y,z"``. A date's colons follow no operator."""
    comparison, colon, rest = value.partition(":")
    if not colon or parse_date(value):
        return (value,)
    if comparison == "eq":
        return (rest,)
    if comparison == "in":
        return tuple(_split_quoted(rest))
    raise Invalid(f"Unable to filter by unknown operator '{comparison}'.")


def _split_quoted(text: str) -> list[str]:
    """The values between commas; a value in double quotes may hold commas. Nothing is unescaped."""
    values: list[str] = []
    position = 0
    while position < len(text):
        part = _QUOTED.match(text, position) or _UNQUOTED.match(text, position)
        if part is None:
            raise Invalid(f"Invalid filter value {text}. A quote is not closed or misplaced.")
        values.append(part[1])
        position = part.end()
    return values or [""]


def _date_bound(key: str, value: str) -> DateBound:
    bound = parse_date_bound(value)
    if bound is None:
        raise Invalid(f'Bad "{key}" query filter format. Use ISO 8601 DateTime notation.')
    return bound


def _number_below(end: int) -> Callable[[str, str], int]:
    """The number that a text begins with, 0 if none: how the Image service's database compares.

    Never an integer that no image can have, of `end` or more: those become -1, which matches
    nothing.
    """

    def parse(_key: str, value: str) -> int:
        matched = _LEADING_NUMBER.match(value)
        number = Decimal(matched[1]) if matched else Decimal(0)
        return int(number) if 0 <= number < end and number == int(number) else -1

    return parse


def _range_end(_key: str, value: str) -> int:
    try:
        return max(-1, min(int(value), 2**62))
    except ValueError:
        raise Invalid("Unable to filter on a range with a non-numeric value.") from None


def _boolean(key: str, value: str) -> bool:
    if value in ("true", "false"):
        return value == "true"
    raise Invalid(f"Invalid value '{value}' for '{key}' filter. Must be one of: true, false.")


def _boolean_in_any_case(key: str, value: str) -> bool:
    return _boolean(key, value.lower())


def _visibility(key: str, value: str) -> str:
    """An empty one is no error, and no image has it."""
    return _choice(key, value) if value else value


def _choice(key: str, value: str) -> str:
    if value not in _CHOICES[key]:
        raise Invalid(
            f"Invalid {key} value: {value}. Use one of {', '.join(sorted(_CHOICES[key]))}."
        )
    return value


def _as_it_is(_key: str, value: str) -> str:
    return value


_PARSERS: dict[str, tuple[str, Callable[[str, str], object]]] = {
    "name": ("names", _any_of),
    "status": ("statuses", _any_of),
    "id": ("ids", _any_of),
    "disk_format": ("disk_formats", _any_of),
    "container_format": ("container_formats", _any_of),
    "created_at": ("created_at", _date_bound),
    "updated_at": ("updated_at", _date_bound),
    "min_ram": ("min_ram", _number_below(2**31)),
    "min_disk": ("min_disk", _number_below(2**31)),
    "size": ("size", _number_below(2**63)),
    "virtual_size": ("virtual_size", _number_below(2**63)),
    "size_min": ("size_min", _range_end),
    "size_max": ("size_max", _range_end),
    "os_hidden": ("os_hidden", _boolean_in_any_case),
    "protected": ("protected", _boolean),
    "visibility": ("visibility", _visibility),
    "member_status": ("member_status", _choice),
    "owner": ("owner", _as_it_is),
    "checksum": ("checksum", _as_it_is),
    "os_hash_algo": ("os_hash_algo", _as_it_is),
    "os_hash_value": ("os_hash_value", _as_it_is),
}


def _sort(sorts: Sequence[str], keys: Sequence[str], directions: Sequence[str]) -> tuple[Sort, ...]:
    """Combine ``sort=k1:d1,k2`` or repeated ``sort_key``, ``sort_dir`` as the Image API does."""
    if sorts and (keys or directions):
        raise Invalid("Old and new sorting syntax cannot be combined")
    if sorts:
        wishes = [part.strip().partition(":") for part in ",".join(sorts).split(",")]
        pairs = [(key.strip(), direction.strip() or "desc") for key, _, direction in wishes]
    else:
        keys, directions = [key.strip() for key in keys], [each.strip() for each in directions]
        keys = keys or (["created_at"] if directions else [])
        if len(directions) > 1 and len(directions) != len(keys):
            raise Invalid("Number of sort dirs does not match the number of sort keys")
        if len(directions) != len(keys):
            directions = [*directions, "desc"][:1] * len(keys)
        pairs = list(zip(keys, directions, strict=True))
    return tuple(_checked_sort(key, direction) for key, direction in pairs)


def _checked_sort(key: str, direction: str) -> Sort:
    if key not in SORT_KEYS:
        allowed = ", ".join(sorted(SORT_KEYS))
        raise Invalid(f"Invalid sort key: {key}. It must be one of the following: {allowed}.")
    if direction not in ("asc", "desc"):
        raise Invalid(f"Invalid sort direction: {direction}. Use asc or desc.")
    return Sort(key, direction)  # type: ignore[arg-type]  # checked above
