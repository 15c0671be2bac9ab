"""Parse values of filters, such as ``in:a,b``, and of sort parameters, for an ImageQuery.

The filters of the Image API and the ``property-*`` filters of the Compute API accept the same
values as Glance.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from glimpse.images.dates import DateBound, parse_date, parse_date_bound
from glimpse.images.errors import Invalid
from glimpse.images.query import MEMBER_STATUSES, SORT_KEYS, VISIBILITIES, Sort

_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?)", re.ASCII)
# A quote is allowed only at the start and at the end of a value, or after a backslash.
_QUOTED = re.compile(r'"((?:[^"]|(?<=\\)")*)(?<!\\)"(?:,|\Z)')
_UNQUOTED = re.compile(r'((?:[^",]|(?<=\\)")*)(?:,|\Z)')
_MAX_NUMBER = 2**62
_CHOICES = {"visibility": VISIBILITIES, "member_status": MEMBER_STATUSES}


class AttributeFilter(NamedTuple):
    """How to parse a filter by an attribute of images.

    `field` is the field of ImageQuery to set. `parse` takes the filter's name and value, and
    returns the value of that field. `parse` raises Invalid for a value that is not allowed.
    """

    field: str
    parse: Callable[[str, str], object]


def parse_texts(text: str) -> tuple[str, ...]:
    """Parse ``x``, ``eq:x`` or ``in:x,"y,z"`` into texts, one of which an image must have.

    After ``in:``, commas separate the values, and a value in quotes may have commas. Elsewhere,
    commas and quotes are part of the value. The result for "" is ``("",)``. A date with a time is
    one value, although it has colons.

    Raises Invalid for any other text with a colon that begins with neither ``eq:`` nor ``in:``,
    such as ``a:b`` or ``IN:a``. Raises Invalid for a quote after ``in:`` that is misplaced or not
    closed.
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
    r"""Split a list at commas: ``a,"b,c"`` has the values ``a`` and ``b,c``.

    A quote after a backslash is part of the value, and the backslash stays in the value: ``a\"b``.
    A comma at the end is ignored. The result for "" is ``("",)``. White space and empty values are
    kept. Raises Invalid for a quote that is not closed, and for a quote in the middle of a value.
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


def reject_changes_since(text: str) -> None:
    """Raise Invalid if the filter ``changes-since`` has a value.

    Version 2 of the Image API no longer supports the filter. An empty value is accepted, and has no
    effect.
    """
    if text:
        raise Invalid('The "changes-since" filter is no longer available on v2.')


def parse_sort(
    sorts: Sequence[str], keys: Sequence[str], directions: Sequence[str]
) -> tuple[Sort, ...]:
    """Parse ``sort=name:asc,size``, or the older ``sort_key=name&sort_dir=asc``.

    `sorts`, `keys` and `directions` have all values of the parameters ``sort``, ``sort_key`` and
    ``sort_dir``, each of which may be repeated. If there are no values, the result is empty. White
    space around a key or a direction is ignored. The default direction is "desc". A single
    ``sort_dir`` applies to all keys. A ``sort_dir`` without a ``sort_key`` sorts by ``created_at``.

    Raises Invalid for both notations in one request, for an unknown or empty key, for an unknown
    direction, and for several ``sort_dir`` whose number is not the number of keys.
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
    """Make a Sort. Raises Invalid for a key that is not in SORT_KEYS or an unknown direction."""
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
    """Return a function that parses the value of a filter as a number from 0 to `end` - 1.

    Like the Image service's database, the function reads the number at the beginning of the value:
    ``5x`` is 5, and ``1e2x`` is 100. White space before the number is ignored. A value without a
    number at the beginning is 0. The function returns -1, which matches no image, for a negative
    number, for a fraction such as ``5.5``, and for a number that is not below `end`. It raises
    nothing, and ignores its first argument, the filter's name.
    """

    def parse(_name: str, text: str) -> int:
        matched = _LEADING_NUMBER.match(text)
        number = Decimal(matched[1]) if matched else Decimal(0)
        return int(number) if 0 <= number < end and number == int(number) else -1

    return parse


def _parse_size_bound(_name: str, text: str) -> int:
    """Parse a lowest or highest size in bytes.

    A negative number becomes -1, a number above 2**62 becomes 2**62. Raises Invalid for text that
    is not a whole number.
    """
    try:
        return max(-1, min(int(text), _MAX_NUMBER))
    except ValueError:
        raise Invalid("Unable to filter on a range with a non-numeric value.") from None


def _parse_boolean(name: str, text: str) -> bool:
    if text in ("true", "false"):
        return text == "true"
    raise Invalid(f"Invalid value '{text}' for '{name}' filter. Must be one of: true, false.")


def _parse_boolean_in_any_case(name: str, text: str) -> bool:
    return _parse_boolean(name, text.lower())


def _parse_visibility(name: str, text: str) -> str:
    """Return `text` if it is in VISIBILITIES or empty. An empty visibility matches no image.

    Raises Invalid for any other text.
    """
    return _parse_choice(name, text) if text else text


def _parse_choice(name: str, text: str) -> str:
    """Return `text` if _CHOICES allows it for the filter `name`; otherwise raise Invalid."""
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
    "size_min": AttributeFilter("size_min", _parse_size_bound),
    "size_max": AttributeFilter("size_max", _parse_size_bound),
    "os_hidden": AttributeFilter("os_hidden", _parse_boolean_in_any_case),
    "protected": AttributeFilter("protected", _parse_boolean),
    "visibility": AttributeFilter("visibility", _parse_visibility),
    "member_status": AttributeFilter("member_status", _parse_choice),
    "owner": AttributeFilter("owner", _return_text),
    "checksum": AttributeFilter("checksum", _return_text),
    "os_hash_algo": AttributeFilter("os_hash_algo", _return_text),
    "os_hash_value": AttributeFilter("os_hash_value", _return_text),
}
