"""Parse the values of filters, such as ``in:a,b``, into fields of an ImageQuery.

The filters of the Image API and the ``property-*`` filters of the Compute API accept the same
values: those that Glance accepts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from glimpse.images.dates import DateBound, parse_date, parse_date_bound
from glimpse.images.errors import Invalid
from glimpse.images.query import MEMBER_STATUSES, SORT_KEYS, VISIBILITIES, Sort

_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?)", re.ASCII)
# A quote is allowed at the start and at the end of a value only, or after a backslash.
_QUOTED = re.compile(r'"((?:[^"]|(?<=\\)")*)(?<!\\)"(?:,|\Z)')
_UNQUOTED = re.compile(r'((?:[^",]|(?<=\\)")*)(?:,|\Z)')
_MAX_NUMBER = 2**62
_CHOICES = {"visibility": VISIBILITIES, "member_status": MEMBER_STATUSES}


class AttributeFilter(NamedTuple):
    """How to parse a filter by an attribute of images.

    `field` is the field of ImageQuery to set. `parse` takes the filter's name and value, and
    returns the field's value. It raises Invalid for a value that it does not accept.
    """

    field: str
    parse: Callable[[str, str], object]


def parse_texts(text: str) -> tuple[str, ...]:
    """Parse ``x``, ``eq:x`` or ``in:x,"y,z"`` into texts, of which an image must have one.

    A text that is a date is one value, although it has colons. `split_list` parses what follows
    ``in``; elsewhere, commas and quotes are part of the text. Raises Invalid for a misplaced quote
    after ``in``, and if there is a colon after anything else than ``eq`` or ``in``, in lower case.
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

    A quote after a backslash is a part of the value, and so is the backslash: ``a\"b``. A comma at
    the end is ignored. An empty text has one value, the empty one. Raises Invalid for a quote that
    is not closed, or in the middle of a value.
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


def check_changes_since(text: str) -> None:
    """Raise Invalid for a filter ``changes-since`` with a value.

    Version 2 of the Image API no longer supports it. An empty value is accepted, and has no effect.
    """
    if text:
        raise Invalid('The "changes-since" filter is no longer available on v2.')


def parse_sort(
    sorts: Sequence[str], keys: Sequence[str], directions: Sequence[str]
) -> tuple[Sort, ...]:
    """Parse ``sort=name:asc,size``, or the older ``sort_key=name&sort_dir=asc``.

    Each argument has all values of one parameter, which may be repeated. Without any, the result is
    empty. The default direction is "desc". A single ``sort_dir`` applies to all keys; without a
    key, it sorts by ``created_at``. Raises Invalid for both notations at once, for an unknown key
    or direction, and for several directions that are not as many as the keys.
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
    """Make a Sort. Raises Invalid for an unknown key or direction."""
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
    """Return a parser of whole numbers below `end`. It accepts any text, and never raises.

    Its arguments are the filter's name, which it ignores, and the text.

    Like the Image service's database, it reads the number at the beginning of the text (``5x`` is
    5), and 0 if there is none. For a negative number, a fraction, or a number that is not below
    `end`, it returns -1, which matches no image.
    """

    def parse(_name: str, text: str) -> int:
        matched = _LEADING_NUMBER.match(text)
        number = Decimal(matched[1]) if matched else Decimal(0)
        return int(number) if 0 <= number < end and number == int(number) else -1

    return parse


def _parse_range_end(_name: str, text: str) -> int:
    """Parse a lowest or highest size in bytes; negative becomes -1, above 2**62 becomes 2**62.

    Raises Invalid for text that is not a whole number.
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
    """Return `text` if it is empty, which matches no image, or in VISIBILITIES.

    Raises Invalid for any other text.
    """
    return _parse_choice(name, text) if text else text


def _parse_choice(name: str, text: str) -> str:
    """Return `text` if it is one of _CHOICES for the filter `name`. Raises Invalid if not."""
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
