"""Parses the values of filters in query strings into fields of an ImageQuery.

Filters of the Image API and ``property-*`` filters of the Compute API accept the same values, which
are those that Glance accepts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from glimpse.images.dates import DateBound, parse_date, parse_date_bound
from glimpse.images.errors import Invalid
from glimpse.images.query import MEMBER_STATUSES, SORT_KEYS, VISIBILITIES, Sort

_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?)", re.ASCII)
# A quote opens a value at its beginning only, and closes it at its end, unless a backslash precedes
_QUOTED = re.compile(r'"((?:[^"]|(?<=\\)")*)(?<!\\)"(?:,|\Z)')
_UNQUOTED = re.compile(r'((?:[^",]|(?<=\\)")*)(?:,|\Z)')
_LARGEST = 2**62
_CHOICES = {"visibility": VISIBILITIES, "member_status": MEMBER_STATUSES}


class AttributeFilter(NamedTuple):
    """A filter by an attribute of images.

    `field` is the field of ImageQuery that it sets. `parse` takes the filter's name and text and
    returns the field's value; it raises Invalid, with the name, for text that it does not accept.
    """

    field: str
    parse: Callable[[str, str], object]


def parse_texts(text: str) -> tuple[str, ...]:
    """Parse ``x``, ``eq:x`` or ``in:x,"y,z"`` into the values of which an image must have one.

    A date is one value although it has colons. Raises Invalid for another operator.
    """
    operator, colon, rest = text.partition(":")
    if not colon or parse_date(text):
        return (text,)
    if operator == "eq":
        return (rest,)
    if operator == "in":
        return split_list(rest)
    raise Invalid(f"Unable to filter by unknown operator '{operator}'.")


def split_list(text: str) -> tuple[str, ...]:
    """Split at commas; a text in double quotes may hold commas, and nothing is unescaped.

    A comma at the end is ignored. Raises Invalid for a quote that is not closed or misplaced.
    """
    values: list[str] = []
    position = 0
    while position < len(text):
        part = _QUOTED.match(text, position) or _UNQUOTED.match(text, position)
        if part is None:
            raise Invalid(f"Invalid filter value {text}. A quote is not closed or misplaced.")
        values.append(part[1])
        position = part.end()
    return tuple(values) or ("",)


def is_ignored(name: str, text: str) -> bool:
    """Return True for a filter without effect: ``deleted``, or an empty ``changes-since``.

    Deleted images are never listed. Raises Invalid for ``changes-since`` with a value: Glance
    supported it only before its API v2.
    """
    if name == "changes-since" and text:
        raise Invalid('The "changes-since" filter is no longer available on v2.')
    return name in ("deleted", "changes-since")


def parse_sort(
    sorts: Sequence[str], keys: Sequence[str], directions: Sequence[str]
) -> tuple[Sort, ...]:
    """Parse ``sort=key1:direction1,key2``, or ``sort_key`` and ``sort_dir``.

    Each sequence has the values of one parameter, which may be repeated. The default direction is
    "desc"; a single ``sort_dir`` applies to all keys. Raises Invalid for both notations at once,
    for an unknown key or direction, and for a number of directions that does not match.
    """
    if sorts and (keys or directions):
        raise Invalid("Old and new sorting syntax cannot be combined")
    if sorts:
        parts = [part.strip().partition(":") for part in ",".join(sorts).split(",")]
        pairs = [(key.strip(), direction.strip() or "desc") for key, _, direction in parts]
    else:
        keys, directions = [key.strip() for key in keys], [each.strip() for each in directions]
        keys = keys or (["created_at"] if directions else [])
        if len(directions) > 1 and len(directions) != len(keys):
            raise Invalid("Number of sort dirs does not match the number of sort keys")
        if len(directions) != len(keys):
            directions = [*directions, "desc"][:1] * len(keys)
        pairs = list(zip(keys, directions, strict=True))
    return tuple(_make_sort(key, direction) for key, direction in pairs)


def _make_sort(key: str, direction: str) -> Sort:
    if key not in SORT_KEYS:
        allowed = ", ".join(sorted(SORT_KEYS))
        raise Invalid(f"Invalid sort key: {key}. It must be one of the following: {allowed}.")
    if direction not in ("asc", "desc"):
        raise Invalid(f"Invalid sort direction: {direction}. Use asc or desc.")
    return Sort(key, direction)  # type: ignore[arg-type]  # checked above


def _parse_texts(_name: str, text: str) -> tuple[str, ...]:
    return parse_texts(text)


def _parse_date_bound(name: str, text: str) -> DateBound:
    bound = parse_date_bound(text)
    if bound is None:
        raise Invalid(f'Bad "{name}" query filter format. Use ISO 8601 DateTime notation.')
    return bound


def _number_parser(end: int) -> Callable[[str, str], int]:
    """Return a parser of numbers; `end` is the first number too large for the database column.

    Like the Image service's database, the parser reads the number at the beginning of the text,
    and 0 if there is none. It returns -1, which matches no image, for a negative number, a
    fraction, and a number of `end` or more.
    """

    def parse(_name: str, text: str) -> int:
        matched = _LEADING_NUMBER.match(text)
        number = Decimal(matched[1]) if matched else Decimal(0)
        return int(number) if 0 <= number < end and number == int(number) else -1

    return parse


def _parse_range_end(_name: str, text: str) -> int:
    try:
        return max(-1, min(int(text), _LARGEST))
    except ValueError:
        raise Invalid("Unable to filter on a range with a non-numeric value.") from None


def _parse_boolean(name: str, text: str) -> bool:
    if text in ("true", "false"):
        return text == "true"
    raise Invalid(f"Invalid value '{text}' for '{name}' filter. Must be one of: true, false.")


def _parse_boolean_in_any_case(name: str, text: str) -> bool:
    return _parse_boolean(name, text.lower())


def _parse_visibility(name: str, text: str) -> str:
    """Parse a visibility. The empty text is accepted and matches no image."""
    return _parse_choice(name, text) if text else text


def _parse_choice(name: str, text: str) -> str:
    if text not in _CHOICES[name]:
        allowed = ", ".join(sorted(_CHOICES[name]))
        raise Invalid(f"Invalid {name} value: {text}. Use one of {allowed}.")
    return text


def _return_text(_name: str, text: str) -> str:
    return text


_INTEGER = _number_parser(2**31)
_LONG_INTEGER = _number_parser(2**63)

ATTRIBUTE_FILTERS: Mapping[str, AttributeFilter] = {
    "name": AttributeFilter("names", _parse_texts),
    "status": AttributeFilter("statuses", _parse_texts),
    "id": AttributeFilter("ids", _parse_texts),
    "disk_format": AttributeFilter("disk_formats", _parse_texts),
    "container_format": AttributeFilter("container_formats", _parse_texts),
    "created_at": AttributeFilter("created_at", _parse_date_bound),
    "updated_at": AttributeFilter("updated_at", _parse_date_bound),
    "min_ram": AttributeFilter("min_ram", _INTEGER),
    "min_disk": AttributeFilter("min_disk", _INTEGER),
    "size": AttributeFilter("size", _LONG_INTEGER),
    "virtual_size": AttributeFilter("virtual_size", _LONG_INTEGER),
    "size_min": AttributeFilter("size_min", _parse_range_end),
    "size_max": AttributeFilter("size_max", _parse_range_end),
    "os_hidden": AttributeFilter("os_hidden", _parse_boolean_in_any_case),
    "protected": AttributeFilter("protected", _parse_boolean),
    "visibility": AttributeFilter("visibility", _parse_visibility),
    "member_status": AttributeFilter("member_status", _parse_choice),
    "owner": AttributeFilter("owner", _return_text),
    "checksum": AttributeFilter("checksum", _return_text),
    "os_hash_algo": AttributeFilter("os_hash_algo", _return_text),
    "os_hash_value": AttributeFilter("os_hash_value", _return_text),
}
