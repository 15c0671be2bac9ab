"""ImageQuery: what a list is asked for, and Page: a part of the answer."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from glimpse.images.errors import Invalid
from glimpse.images.image import Image

DateOperator = Literal["gt", "gte", "lt", "lte", "eq", "neq"]
SortDirection = Literal["asc", "desc"]

_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}
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
_FIRST_YEAR = 1000  # before it, strftime pads no zeros
_LEADING_NUMBER = re.compile(r"\s*([+-]?\d+)(\.\d*[1-9])?")
_ISO_8601 = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?"
)


class DateBound(NamedTuple):
    """``operator`` compares an image's date with ``moment`` (``YYYY-MM-DDTHH:MM:SSZ``, UTC)."""

    operator: DateOperator
    moment: str

    def holds(self, date: str) -> bool:
        """Whether an image's date, written alike, compares as asked: such dates sort as text."""
        return _COMPARE[self.operator](date, self.moment)


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
    size_min: int | None = None
    size_max: int | None = None
    checksum: str | None = None
    os_hash_value: str | None = None
    created_at: DateBound | None = None
    updated_at: DateBound | None = None
    tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    sort: tuple[Sort, ...] = ()
    marker: str | None = None
    limit: int | None = None
    page_size: int | None = None


class Page(NamedTuple):
    """Some of a list's images, in order.

    ``last``: no page follows in this answer. ``more``: the query's ``limit`` ended the answer
    though a further image exists (only on the last page, which then has images).
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
        else:
            properties[key] = value
    return ImageQuery(
        **found,
        tags=tuple(repeatable["tag"]),
        properties=properties,
        sort=_sort(",".join(repeatable["sort"]), repeatable["sort_key"], repeatable["sort_dir"]),
        marker=marker,
        limit=limit,
        page_size=page_size,
    )


_CHOICES = {"visibility": VISIBILITIES, "member_status": _MEMBER_STATUSES}


def _any_of(_key: str, value: str) -> tuple[str, ...]:
    """Values of ``x``, ``eq:x`` or ``in:x,"y,z"``; an unknown operator is part of the value."""
    comparison, colon, rest = value.partition(":")
    if colon and comparison == "eq":
        return (rest,)
    if colon and comparison == "in":
        return tuple(_split_quoted(rest))
    return (value,)


def _split_quoted(text: str) -> list[str]:
    values: list[str] = []
    position = 0
    for part in re.finditer(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,"]*))\s*(,|$)', text):
        if part.start() != position:
            break
        position = part.end()
        quoted, plain, end = part.groups()
        values.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain.strip())
        if not end:
            return values
    raise Invalid(f"Invalid filter value {text}. The quote is not closed or misplaced.")


def _date_bound(key: str, value: str) -> DateBound:
    comparison, colon, rest = value.partition(":")
    if not colon or comparison not in _COMPARE:
        comparison, rest = "eq", value
    moment = parse_date(rest)
    if moment is None:
        raise Invalid(f'Bad "{key}" query filter format. Use ISO 8601 DateTime notation.')
    return DateBound(comparison, moment)  # type: ignore[arg-type]  # checked above


def parse_date(text: str) -> str | None:
    """Normalize an ISO 8601 date, with or without time and zone, to ``YYYY-MM-DDTHH:MM:SSZ``.

    Without a zone it is UTC. None for anything that is not such a date.
    """
    matched = _ISO_8601.fullmatch(text)
    if not matched:
        return None
    day, time, zone = matched.groups()
    if zone and zone[1:].isdigit() and len(zone) == len("+01"):
        zone += ":00"
    try:
        moment = datetime.fromisoformat(f"{day}T{time or '00:00'}{zone or 'Z'}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z" if moment.year >= _FIRST_YEAR else None


def _number_as_the_database_reads_it(_key: str, value: str) -> int:
    """The number that a text begins with, 0 if none: how the Image service's database compares.

    Never an integer that no image can have: those become -1, which matches nothing.
    """
    matched = _LEADING_NUMBER.match(value)
    if not matched:
        return 0
    number = int(matched[1][:20])
    return number if matched[2] is None and 0 <= number < 2**31 else -1


def _range_end(_key: str, value: str) -> int:
    try:
        return max(-1, min(int(value), 2**62))
    except ValueError:
        raise Invalid("Unable to filter on a range with a non-numeric value.") from None


def _boolean(key: str, value: str) -> bool:
    if value.lower() in ("true", "1"):
        return True
    if value.lower() in ("false", "0"):
        return False
    raise Invalid(f"Invalid value '{value}' for '{key}' filter. Must be one of: true, false.")


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
    "min_ram": ("min_ram", _number_as_the_database_reads_it),
    "min_disk": ("min_disk", _number_as_the_database_reads_it),
    "size_min": ("size_min", _range_end),
    "size_max": ("size_max", _range_end),
    "os_hidden": ("os_hidden", _boolean),
    "protected": ("protected", _boolean),
    "visibility": ("visibility", _choice),
    "member_status": ("member_status", _choice),
    "owner": ("owner", _as_it_is),
    "checksum": ("checksum", _as_it_is),
    "os_hash_value": ("os_hash_value", _as_it_is),
}


def _sort(sort: str, keys: Sequence[str], directions: Sequence[str]) -> tuple[Sort, ...]:
    """Combine ``sort=k1:d1,k2`` or repeated ``sort_key``, ``sort_dir`` as the Image API does."""
    if sort and (keys or directions):
        raise Invalid("Old and new sorting syntax cannot be combined")
    if sort:
        wishes = [part.strip().partition(":") for part in sort.split(",")]
        pairs = [(key, direction or "desc") for key, _, direction in wishes]
    else:
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
