"""Parse dates, and filters by date, in the notations that the Image service accepts."""

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
# The operator that replaces another if the date of the bound has a fraction of a second.
_OPERATORS_WITH_FRACTION: dict[DateOperator, DateOperator] = {"gte": "gt", "lt": "lte"}
_FRACTION_DIGITS = 6  # further digits, below a microsecond, are dropped
# A year, then optionally a month, a day, a time and a zone. Year and month alone need the dash.
_ISO_8601 = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:(?:-(?P<month>[0-9]{1,2})|(?P<month2>[0-9]{2})(?!$))"
    r"(?:(?:-(?P<day>[0-9]{1,2})|(?P<day2>[0-9]{2}))"
    r"(?:[ T](?P<hour>[0-9]{2})(?::?(?P<minute>[0-9]{2}))?"
    r"(?::?(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<zone_hours>[0-9]{2}):?(?P<zone_minutes>[0-9]{2})?)?"
    r")?)?)?"
)
# A pattern of the format of an image's dates. It also matches days that do not exist.
PRINTED_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}Z"
# Groups of _ISO_8601 that are numbers, without month and day, which have two groups each.
_NUMBER_GROUPS = ("year", "hour", "minute", "second", "zone_hours", "zone_minutes")


class DateBound(NamedTuple):
    """A comparison of an image's date with ``moment``: "gte" means at ``moment`` or later.

    ``moment`` is text in UTC, like images' dates: ``2024-02-01T10:20:30Z``. With the operators "eq"
    and "neq", ``moment`` may have a fraction of a second. Images' dates have no fraction, so then
    "eq" holds for no image, and "neq" for all images.
    """

    operator: DateOperator
    moment: str

    def holds(self, date: str) -> bool:
        """Return True if `date`, such as ``2024-02-01T10:20:30Z``, fulfils the comparison.

        The comparison is one of texts: a `date` in another format gives an arbitrary result.
        """
        return _COMPARE[self.operator](date, self.moment)


def parse_datetime(text: str) -> datetime | None:
    """Parse an ISO 8601 date, with or without time and zone, into a datetime in UTC.

    Month and day are optional: ``2024`` is January 1, 2024. A date without a zone is in UTC. Digits
    below a microsecond are dropped. Returns None for text that is not a date, and for a date that
    is before the year 1 or after the year 9999 in UTC.
    """
    return _moment(_ISO_8601.fullmatch(text))


def parse_date(text: str) -> str | None:
    """Convert an ISO 8601 date, with or without time and zone, to ``2024-02-01T10:20:30Z``.

    Accepts the dates that `parse_datetime` accepts, also with a newline at the end, like the Image
    service. A fraction of a second is dropped. Returns None for text that is not a date.
    """
    moment = parse_datetime(text.removesuffix("\n"))
    return None if moment is None else _print(moment)


def parse_date_bound(text: str) -> DateBound | None:
    """Parse a filter by date, such as ``gte:2024-03-10``. The default operator is ``eq``.

    The operators are those of DateOperator. If the date has a fraction of a second, the result may
    have another operator, because images' dates have no fraction (see `make_date_bound`). Returns
    None for text that is neither a date nor an operator and a date.
    """
    comparison, colon, date = text.partition(":")
    if not colon or comparison not in _COMPARE:
        return make_date_bound("eq", text)
    return make_date_bound(comparison, date)  # type: ignore[arg-type]  # a key of _COMPARE


def make_date_bound(comparison: DateOperator, date: str) -> DateBound | None:
    """Make a DateBound of an operator and an ISO 8601 date; None if `date` is not a date.

    The dates are those that `parse_date` accepts. `date` may have a fraction of a second, but
    images' dates have none. Therefore, with a fraction, the result may have another operator: at or
    after 10.5 s (``gte``) becomes after 10 s (``gt``), and before 10.5 s (``lt``) becomes at or
    before 10 s (``lte``). ``eq`` 10.5 s holds for no image, and ``neq`` 10.5 s for all images.
    """
    matched = _ISO_8601.fullmatch(date.removesuffix("\n"))
    moment = _moment(matched)
    if matched is None or moment is None:
        return None
    printed = _print(moment)
    if moment.microsecond:
        comparison = _OPERATORS_WITH_FRACTION.get(comparison, comparison)
        if comparison in ("eq", "neq"):
            printed = f"{printed[:-1]}.{matched['fraction']}Z"  # equals no image's date
    return DateBound(comparison, printed)


def _moment(matched: re.Match[str] | None) -> datetime | None:
    """Return the date in UTC that a match of _ISO_8601 describes, exact to a microsecond.

    Returns None if `matched` is None, if the date does not exist (February 30), or if the date is
    not in the years 1 to 9999 in UTC.
    """
    if matched is None:
        return None
    part = {name: int(matched[name] or 0) for name in _NUMBER_GROUPS}
    offset = timedelta(hours=part["zone_hours"], minutes=part["zone_minutes"])
    fraction = (matched["fraction"] or "")[:_FRACTION_DIGITS]  # text may have thousands of digits
    try:
        return datetime(
            part["year"],
            int(matched["month"] or matched["month2"] or 1),
            int(matched["day"] or matched["day2"] or 1),
            part["hour"],
            part["minute"],
            part["second"],
            int(fraction.ljust(_FRACTION_DIGITS, "0")),
            tzinfo=timezone(-offset if matched["sign"] == "-" else offset),
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _print(moment: datetime) -> str:
    return f"{moment.replace(microsecond=0, tzinfo=None).isoformat()}Z"
