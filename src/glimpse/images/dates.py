"""Dates: the notations of ISO 8601 that the Image service reads, and bounds on an image's date."""

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal, NamedTuple

DateOperator = Literal["gt", "gte", "lt", "lte", "eq", "neq"]

_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}
# Images have whole seconds: what is after 10.5 is after 10, and what is before it is 10 or before.
_OF_A_FRACTION: dict[DateOperator, DateOperator] = {"gte": "gt", "lt": "lte"}
_FRACTION_DIGITS = 6  # what is less than a microsecond is dropped
# A year; a month (a year and a month together need the dash); a day; a time; a zone. The Image
# service lets a newline at the end pass.
_ISO_8601 = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:(?:-(?P<month>[0-9]{1,2})|(?P<month2>[0-9]{2})(?!$))"
    r"(?:(?:-(?P<day>[0-9]{1,2})|(?P<day2>[0-9]{2}))"
    r"(?:[ T](?P<hour>[0-9]{2})(?::?(?P<minute>[0-9]{2}))?"
    r"(?::?(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<zone_hours>[0-9]{2}):?(?P<zone_minutes>[0-9]{2})?)?"
    r")?)?)?\n?"
)
# The numbers that make a moment, but for month and day, each of which is one of two groups.
_SHORT = ("year", "hour", "minute", "second", "zone_hours", "zone_minutes")


class DateBound(NamedTuple):
    """``operator`` compares an image's date with ``moment`` (``YYYY-MM-DDTHH:MM:SSZ``, UTC)."""

    operator: DateOperator
    moment: str

    def holds(self, date: str) -> bool:
        """Whether an image's date, written alike, compares as asked: such dates sort as text."""
        return _COMPARE[self.operator](date, self.moment)


def parse_date(text: str) -> str | None:
    """Normalize an ISO 8601 date, with or without time and zone, to ``YYYY-MM-DDTHH:MM:SSZ``.

    Without a zone it is UTC; a fraction of a second is dropped. None for what is not such a date.
    """
    return _moment(_ISO_8601.fullmatch(text))


def parse_date_bound(text: str) -> DateBound | None:
    """Parse a date with or without an operator before it (``gte:2024-03-10``; none means equal).

    None for text that is not such a date.
    """
    comparison, colon, date = text.partition(":")
    if not colon or comparison not in _COMPARE:
        return make_date_bound("eq", text)
    return make_date_bound(comparison, date)  # type: ignore[arg-type]  # a key of _COMPARE


def make_date_bound(comparison: DateOperator, date: str) -> DateBound | None:
    """Make the bound for images whose date compares with an ISO 8601 date; None if it is not one.

    A fraction of a second counts: images have whole seconds, so what is after 10.5 is after 10.
    """
    matched = _ISO_8601.fullmatch(date)
    moment = _moment(matched)
    if matched is None or moment is None:
        return None
    if (matched["fraction"] or "")[:_FRACTION_DIGITS].strip("0"):
        comparison = _OF_A_FRACTION.get(comparison, comparison)
        if comparison in ("eq", "neq"):
            moment = f"{moment[:-1]}.{matched['fraction']}Z"  # no image's date is equal
    return DateBound(comparison, moment)


def _moment(matched: re.Match[str] | None) -> str | None:
    """The moment in UTC; None where there is none such."""
    if matched is None:
        return None
    # A fraction may have thousands of digits, and is dropped.
    part = {name: int(matched[name] or 0) for name in _SHORT}
    offset = timedelta(hours=part["zone_hours"], minutes=part["zone_minutes"])
    try:
        local = datetime(
            part["year"],
            int(matched["month"] or matched["month2"] or 1),
            int(matched["day"] or matched["day2"] or 1),
            part["hour"],
            part["minute"],
            part["second"],
            tzinfo=timezone(-offset if matched["sign"] == "-" else offset),
        )
        return f"{local.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
    except (ValueError, OverflowError):
        return None
