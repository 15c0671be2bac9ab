"""A list's query string: what it asks for, and which of its mistakes is told first."""

import pytest

from glimpse.compute.faults import Fault
from glimpse.compute.list_query import parse_list_request
from glimpse.images import DateBound, ImageQuery


def asked(query_string: str) -> ImageQuery:
    return parse_list_request(query_string.encode()).query


def test_a_wrong_limit_is_told_before_a_wrong_page_size_or_offset() -> None:
    with pytest.raises(Fault, match="parameters limit"):
        asked("offset=x&page_size=x&limit=x")


def test_of_two_bounds_on_the_same_date_the_later_counts() -> None:
    since, before = "changes-since=2024-03-10", "property-updated_at=lt:2024-03-12"
    assert asked(f"{since}&{before}").updated_at == DateBound("lt", "2024-03-12T00:00:00Z")
    assert asked(f"{before}&{since}").updated_at == DateBound("gte", "2024-03-10T00:00:00Z")


def test_a_property_named_marker_is_where_the_image_service_starts() -> None:
    assert asked("property-marker=a").marker == "a"
    assert asked("property-marker=a&marker=b").marker == "b"


def test_an_empty_property_named_marker_is_one_that_nobody_knows() -> None:
    assert asked("property-marker=").marker == ""
    assert asked("marker=").marker is None


def test_a_semicolon_separates_like_an_ampersand() -> None:
    assert asked("limit=1;name=a;&;status=b%3Bc") == asked("limit=1&name=a&status=b%3Bc")


def test_a_property_named_limit_is_nothing_that_can_be_asked_for() -> None:
    assert asked("property-limit=1") == ImageQuery()


@pytest.mark.parametrize(
    ("status", "statuses"),
    [
        ("SAVING", ("queued", "saving")),
        ("saving", ("saving",)),
        ("in:ACTIVE,UNKNOWN", ("active", "importing", "uploading", "deactivated")),
        ('in:"active"', ("active",)),
        ("active%20", ("active",)),
        ("SAVING+", ("queued", "saving")),
        ('IN:"SAVING","active"', ("queued", "saving", "active")),
    ],
)
def test_statuses_are_found_by_what_is_shown(status: str, statuses: tuple[str, ...]) -> None:
    assert asked(f"status={status}").statuses == statuses
