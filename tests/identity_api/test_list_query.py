"""Lists are filtered by attributes, by parts of texts and by tags, and come in pages."""

from typing import Any

import pytest

from glimpse.identity.embedded.errors import BadRequest, NotFound
from glimpse.identity_api import list_query
from glimpse.identity_api.list_query import (
    BOOLEAN_TEXT,
    ListRules,
    Page,
    matches_tags,
    render_page,
    select_page,
)

RULES = ListRules(("name", "enabled", "parent_id"), {"enabled": BOOLEAN_TEXT})
ENTRIES: list[dict[str, Any]] = [
    {"id": "c", "name": "Third", "enabled": False, "parent_id": "a"},
    {"id": "a", "name": "first", "enabled": True, "parent_id": None},
    {"id": "b", "name": "second", "enabled": True, "parent_id": "a"},
]


def ids(*parameters: tuple[str, str], rules: ListRules = RULES) -> str:
    return "".join(each["id"] for each in select_page(ENTRIES, parameters, rules).entries)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (("name", "FIRST"), "a"),
        (("name", ""), ""),
        (("enabled", "true"), "ab"),
        (("enabled", ""), "ab"),
        (("enabled", "0"), "c"),
        (("enabled", "off"), "c"),
        (("parent_id", "a"), "bc"),
        (("name__contains", "ir"), "ac"),
        (("name__startswith", "t"), ""),
        (("name__istartswith", "t"), "c"),
        (("name__endswith", "d"), "bc"),
        (("name__iendswith", "D"), "bc"),
        (("name__unheard", "x"), "abc"),
        (("enabled__contains", "x"), ""),
        (("id", "a"), "abc"),
        (("unheard", "x"), "abc"),
    ],
    ids=ascii,
)
def test_parameter_filters(parameter: tuple[str, str], expected: str) -> None:
    assert ids(parameter) == expected


def test_repeated_parameter_has_to_match_each_time() -> None:
    assert ids(("name", "first"), ("name", "first")) == "a"
    assert ids(("name", "first"), ("name", "second")) == ""


def test_first_limit_marker_and_checked_value_count() -> None:
    assert ids(("limit", "1"), ("limit", "2")) == "a"
    assert ids(("limit", "2"), ("limit", "x")) == "ab"
    assert ids(("marker", "b"), ("marker", "nowhere")) == "c"
    assert ids(("enabled", "true"), ("enabled", "maybe")) == "ab"
    with pytest.raises(BadRequest, match="enabled"):
        ids(("enabled", "maybe"), ("enabled", "true"))


def test_pages_follow_each_other_to_the_end() -> None:
    limit, marker = ("limit", "2"), ("marker", "b")
    first = select_page(ENTRIES, [limit], RULES)
    assert ([each["id"] for each in first.entries], first.next_marker) == (["a", "b"], "b")
    assert select_page(ENTRIES, [limit, marker], RULES) == Page([ENTRIES[0]], None)
    assert select_page(ENTRIES, [("limit", "3")], RULES).next_marker is None
    assert ids(("limit", "0")) == ids(("limit", "-1")) == ids(("limit", "")) == "abc"


def test_limit_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_query, "MAX_LIMIT", 1)
    assert ids(("limit", "1000000")) == "a"


def test_marker_may_be_an_entry_that_does_not_match() -> None:
    assert ids(("enabled", "false"), ("marker", "b")) == "c"


def test_unknown_marker_is_not_found() -> None:
    with pytest.raises(NotFound, match="Marker nowhere"):
        ids(("marker", "nowhere"))


@pytest.mark.parametrize("parameter", [("limit", "x"), ("limit", "1.5"), ("enabled", "maybe")])
def test_invalid_value_is_a_bad_request(parameter: tuple[str, str]) -> None:
    with pytest.raises(BadRequest, match=parameter[0]):
        ids(parameter)


def test_strict_list_refuses_unknown_parameters() -> None:
    with pytest.raises(BadRequest, match="limit"):
        ids(("limit", "1"), rules=ListRules(("name",), is_strict=True))


def test_links_repeat_the_parameters_and_name_the_next_marker() -> None:
    parameters = [("name", "a b"), ("limit", "1"), ("marker", "x"), ("name", "ü")]
    page = render_page("users", Page([{"id": "y"}], "y"), "http://host/users", parameters)
    assert page["links"] == {
        "self": "http://host/users?name=a+b&limit=1&marker=x&name=%C3%BC",
        "next": "http://host/users?name=a+b&limit=1&name=%C3%BC&marker=y",
        "previous": None,
    }
    assert page["truncated"] is True
    last = render_page("users", Page([], None), "http://host/users", [])
    assert last == {
        "users": [],
        "links": {"self": "http://host/users", "next": None, "previous": None},
    }


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (("tags", "a"), True),
        (("tags", "a,b"), True),
        (("tags", "a,c"), False),
        (("tags-any", "c,b"), True),
        (("tags-any", "c"), False),
        (("not-tags", "a,b"), False),
        (("not-tags", "a,c"), True),
        (("not-tags-any", "a,c"), False),
        (("not-tags-any", "c"), True),
        (("unheard", "c"), True),
    ],
    ids=ascii,
)
def test_tags_filter(parameter: tuple[str, str], *, expected: bool) -> None:
    assert matches_tags(["a", "b"], [parameter]) is expected


def test_first_of_repeated_tags_counts() -> None:
    for name in ("tags", "tags-any"):
        assert matches_tags(["a"], [(name, "a"), (name, "b")])
        assert not matches_tags(["a"], [(name, "b"), (name, "a")])
        assert matches_tags(["a"], [(f"not-{name}", "b"), (f"not-{name}", "a")])
        assert not matches_tags(["a"], [(f"not-{name}", "a"), (f"not-{name}", "b")])
