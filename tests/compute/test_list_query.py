"""Query strings of lists: the ImageQuery, and which of several errors is reported."""

import pytest

from glimpse.compute.faults import Fault
from glimpse.compute.list_query import parse_list_request
from glimpse.images import DateBound, ImageQuery


def query_for(query_string: str) -> ImageQuery:
    return parse_list_request(query_string.encode()).query


def test_an_invalid_limit_is_reported_before_an_invalid_page_size_or_offset() -> None:
    with pytest.raises(Fault, match="parameters limit"):
        query_for("offset=x&page_size=x&limit=x")


@pytest.mark.parametrize("name", ["name", "marker", "changes-since", "property-a", "property-%00"])
def test_a_nul_character_is_refused_even_if_another_value_counts(name: str) -> None:
    with pytest.raises(Fault, match="NUL") as caught:
        query_for(f"{name}=a%00&{name}=2024-01-01")
    assert caught.value.status == 400


def test_a_nul_character_in_an_unknown_parameter_is_ignored() -> None:
    assert query_for("unknown=%00&%00=a") == ImageQuery()


def test_the_later_of_two_bounds_on_one_date_applies() -> None:
    since, before = "changes-since=2024-03-10", "property-updated_at=lt:2024-03-12"
    assert query_for(f"{since}&{before}").updated_at == DateBound("lt", "2024-03-12T00:00:00Z")
    assert query_for(f"{before}&{since}").updated_at == DateBound("gte", "2024-03-10T00:00:00Z")


def test_a_property_named_marker_is_the_marker() -> None:
    assert query_for("property-marker=a").marker == "a"
    assert query_for("property-marker=a&marker=b").marker == "b"


def test_an_empty_property_named_marker_is_an_empty_marker() -> None:
    assert query_for("property-marker=").marker == ""
    assert query_for("marker=").marker is None


def test_a_semicolon_separates_parameters_like_an_ampersand() -> None:
    assert query_for("limit=1;name=a;&;status=b%3Bc") == query_for("limit=1&name=a&status=b%3Bc")


def test_zeros_before_a_limit_do_not_count() -> None:
    assert query_for(f"limit={'0' * 30}25") == ImageQuery(limit=25)


def test_a_property_named_limit_is_ignored() -> None:
    assert query_for("property-limit=1") == ImageQuery()


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
def test_a_status_filter_includes_all_image_service_statuses_that_it_stands_for(
    status: str, statuses: tuple[str, ...]
) -> None:
    assert query_for(f"status={status}").statuses == statuses
