"""Dates in each notation of the Image service, and bounds with fractions of a second."""

from datetime import UTC, datetime

import pytest

from glimpse.images import DateBound, parse_date, parse_datetime
from glimpse.images.dates import parse_date_bound


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024", "2024-01-01T00:00:00Z"),
        ("2024-03", "2024-03-01T00:00:00Z"),
        ("2024-3-1", "2024-03-01T00:00:00Z"),
        ("20240310", "2024-03-10T00:00:00Z"),
        ("2024-03-10T11Z", "2024-03-10T11:00:00Z"),
        ("20240310T112131", "2024-03-10T11:21:31Z"),
        ("2024-03-10 11:21:31,5", "2024-03-10T11:21:31Z"),
        ("2024-03-10T13:21:31+02:00", "2024-03-10T11:21:31Z"),
        ("2024-03-10T13:21:31+02", "2024-03-10T11:21:31Z"),
        ("2024-03-10T00:00:00-0130", "2024-03-10T01:30:00Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
    ],
)
def test_each_notation_of_a_date_is_parsed(text: str, moment: str) -> None:
    assert parse_date(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "202403",
        "2024-00-01",
        "20240010",
        "2024-02-30",
        "2024-03-10 ",
        "2024-03-10\0",
        "2024-03-10\n\n",
        "2024-03-10T11:21:31Z\0",
        "2024-03-10T11:21:31 +02:00",
        "2024-03-10T24:00:00Z",
        "2024-W10-7",
        "٢٠٢٤-03-10",
        "9999-12-31T23:59:59-10:00",
        "0001-01-01T00:00:00+10:00",
    ],
)
def test_other_text_is_not_a_date(text: str) -> None:
    assert parse_date(text) is None
    assert parse_date_bound(f"gte:{text}") is None


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2024-03-10T13:21:31+02:00", 0),
        ("2024-03-10T11:21:31.5Z", 500_000),
        ("2024-03-10T11:21:31.000001", 1),
        ("2024-03-10T11:21:31.1234569", 123_456),
        ("2024-03-10T11:21:31." + "0" * 5000 + "1", 0),
    ],
)
def test_a_datetime_is_in_utc_and_has_microseconds(text: str, microsecond: int) -> None:
    assert parse_datetime(text) == datetime(2024, 3, 10, 11, 21, 31, microsecond, UTC)


def test_a_newline_is_the_end_of_a_date_and_of_no_datetime() -> None:
    assert parse_date("2024-03-10\n") == "2024-03-10T00:00:00Z"
    assert parse_date_bound("lt:2024-03-10\n") == DateBound("lt", "2024-03-10T00:00:00Z")
    assert parse_datetime("2024-03-10\n") is None


@pytest.mark.parametrize(
    ("text", "holds_at_second", "holds_a_second_later"),
    [
        ("gte:2024-03-10T11:21:31Z", True, True),
        ("gte:2024-03-10T11:21:31.5Z", False, True),
        ("gte:2024-03-10T11:21:31.000Z", True, True),
        ("gte:2024-03-10T11:21:31.0000009Z", True, True),
        ("gt:2024-03-10T11:21:31.5Z", False, True),
        ("lt:2024-03-10T11:21:31.5Z", True, False),
        ("lte:2024-03-10T11:21:31.5Z", True, False),
        ("eq:2024-03-10T11:21:31.5Z", False, False),
        ("neq:2024-03-10T11:21:31.5Z", True, True),
        ("2024-03-10T11:21:31Z", True, False),
    ],
)
def test_a_bound_respects_fractions_of_a_second(
    text: str, *, holds_at_second: bool, holds_a_second_later: bool
) -> None:
    bound = parse_date_bound(text)
    assert isinstance(bound, DateBound)
    assert bound.holds("2024-03-10T11:21:31Z") is holds_at_second
    assert bound.holds("2024-03-10T11:21:32Z") is holds_a_second_later
