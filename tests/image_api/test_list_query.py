"""Filters of the Image API are parsed as Glance parses them."""

import pytest

from glimpse.image_api.list_query import parse_filters
from glimpse.images import ImageQuery, Sort
from glimpse.images.errors import Invalid


def query_for(key: str, value: str) -> ImageQuery:
    return parse_filters([(key, value)])


@pytest.mark.parametrize("value", ["neq:debian", "IN:debian", "gt:a", "http://x"])
@pytest.mark.parametrize("key", ["name", "status", "id", "disk_format", "container_format"])
def test_an_unknown_operator_is_rejected(key: str, value: str) -> None:
    operator = value.partition(":")[0]
    with pytest.raises(Invalid, match=f"unknown operator '{operator}'"):
        query_for(key, value)


def test_the_colon_in_a_date_is_not_an_operator() -> None:
    assert query_for("name", "2024-03-10T11:21:31Z").names == ("2024-03-10T11:21:31Z",)


@pytest.mark.parametrize("value", ["True", "1", "", "abc"])
def test_protected_accepts_only_true_and_false(value: str) -> None:
    with pytest.raises(Invalid, match="protected"):
        query_for("protected", value)


def test_os_hidden_may_be_written_in_any_case() -> None:
    assert query_for("os_hidden", "TRUE").os_hidden


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("in: a ,b", (" a ", "b")),
        ("in:a,", ("a",)),
        ("in:,a", ("", "a")),
        ("in:", ("",)),
        ('in:"a,b",c', ("a,b", "c")),
        (r'in:a\"b,"c\"d"', (r"a\"b", r"c\"d")),
    ],
)
def test_a_list_is_split_at_commas_outside_of_quotes(value: str, names: tuple[str, ...]) -> None:
    assert query_for("name", value).names == names


@pytest.mark.parametrize("value", ['in: "a"', 'in:"a" ', 'in:"a', 'in:a"b"', r'in:"a\"'])
def test_a_misplaced_quote_is_rejected(value: str) -> None:
    with pytest.raises(Invalid, match="quote"):
        query_for("name", value)


def test_spaces_around_sort_keys_and_directions_are_ignored() -> None:
    assert query_for("sort", " name : asc , size ").sort == (
        Sort("name", "asc"),
        Sort("size", "desc"),
    )


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *(("64abc", 64), ("abc", 0), ("٦٤", 0), ("6.5", -1), (".5", -1), ("64.0", 64)),
        *(("6.4e1", 64), ("640E-1x", 64), ("64e", 64), ("1e400", -1), ("1e-999999999", -1)),
    ],
)
def test_a_number_filter_uses_the_number_at_the_beginning_of_its_text(
    value: str, number: int
) -> None:
    assert query_for("min_ram", value).min_ram == number
    assert query_for("size", value).size == number


def test_the_filter_deleted_is_ignored() -> None:
    assert query_for("deleted", "true") == ImageQuery()


def test_changes_since_is_rejected() -> None:
    with pytest.raises(Invalid, match="changes-since"):
        query_for("changes-since", "2024-03-10")


def test_spaces_before_a_direction_are_ignored() -> None:
    assert parse_filters([("sort", " name :asc, id")]).sort == (("name", "asc"), ("id", "desc"))


def test_an_empty_sort_is_rejected() -> None:
    with pytest.raises(Invalid, match="Invalid sort key"):
        query_for("sort", "")


def test_of_a_repeated_filter_only_the_last_value_is_checked() -> None:
    assert parse_filters([("os_hidden", "x"), ("os_hidden", "true")]).os_hidden
    with pytest.raises(Invalid, match="os_hidden"):
        parse_filters([("os_hidden", "true"), ("os_hidden", "x")])
