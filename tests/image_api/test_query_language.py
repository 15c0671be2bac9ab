"""Filters in the Image API's query language, as the Image service understands them."""

import pytest

from glimpse.image_api.query_language import parse_filters
from glimpse.images import ImageQuery, Sort
from glimpse.images.errors import Invalid


def asked(key: str, value: str) -> ImageQuery:
    return parse_filters([(key, value)])


@pytest.mark.parametrize("value", ["neq:debian", "IN:debian", "gt:a", "http://x"])
@pytest.mark.parametrize("key", ["name", "status", "id", "disk_format", "container_format"])
def test_an_unknown_operator_is_refused(key: str, value: str) -> None:
    operator = value.partition(":")[0]
    with pytest.raises(Invalid, match=f"unknown operator '{operator}'"):
        asked(key, value)


def test_the_colons_of_a_date_follow_no_operator() -> None:
    assert asked("name", "2024-03-10T11:21:31Z").names == ("2024-03-10T11:21:31Z",)


@pytest.mark.parametrize("value", ["True", "1", "", "abc"])
def test_protected_is_true_or_false_and_nothing_else(value: str) -> None:
    with pytest.raises(Invalid, match="protected"):
        asked("protected", value)


def test_os_hidden_may_be_written_in_any_case() -> None:
    assert asked("os_hidden", "TRUE").os_hidden


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
def test_of_a_list_each_value_is_what_stands_between_the_commas(
    value: str, names: tuple[str, ...]
) -> None:
    assert asked("name", value).names == names


@pytest.mark.parametrize("value", ['in: "a"', 'in:"a" ', 'in:"a', 'in:a"b"', r'in:"a\"'])
def test_a_quote_inside_a_value_is_refused(value: str) -> None:
    with pytest.raises(Invalid, match="quote"):
        asked("name", value)


def test_a_sort_may_have_spaces_around_its_words() -> None:
    assert asked("sort", " name : asc , size ").sort == (Sort("name", "asc"), Sort("size", "desc"))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *(("64abc", 64), ("abc", 0), ("٦٤", 0), ("6.5", -1), (".5", -1), ("64.0", 64)),
        *(("6.4e1", 64), ("640E-1x", 64), ("64e", 64), ("1e400", -1), ("1e-999999999", -1)),
    ],
)
def test_a_number_is_what_a_text_begins_with(value: str, number: int) -> None:
    assert asked("min_ram", value).min_ram == number
    assert asked("size", value).size == number


def test_deleted_is_not_a_property_and_filters_nothing() -> None:
    assert asked("deleted", "true") == ImageQuery()


def test_changes_since_is_the_compute_apis() -> None:
    with pytest.raises(Invalid, match="changes-since"):
        asked("changes-since", "2024-03-10")


def test_blanks_around_a_sort_key_do_not_matter() -> None:
    assert parse_filters([("sort", " name :asc, id")]).sort == (("name", "asc"), ("id", "desc"))


def test_an_empty_sort_is_no_sort_key() -> None:
    with pytest.raises(Invalid, match="Invalid sort key"):
        asked("sort", "")
