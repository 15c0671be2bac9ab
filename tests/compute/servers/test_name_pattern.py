"""The filter by name takes the regular expressions that clients send, and refuses others."""

import pytest

from glimpse.compute.servers.name_pattern import parse_name_pattern


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("web", "web-1"),
        ("eb-", "web-1"),
        ("WEB", "web-1"),
        ("^web", "web-1"),
        ("1$", "web-1"),
        ("^web-1$", "web-1"),
        ("^$", ""),
        ("w.b", "web-1"),
        (".*", "web-1"),
        ("^w.*1$", "web-1"),
        ("^w.*b.*1$", "web-1"),
        (r"web\.1", "web.1"),
        (r"cost\$", "cost$"),
        (r"back\\$", "a back\\"),
        ("a.*b.*c", "xxaxxbxxcxx"),
    ],
)
def test_a_pattern_matches(pattern: str, name: str) -> None:
    matches = parse_name_pattern(pattern)
    assert matches is not None
    assert matches(name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("^eb", "web-1"),
        ("web$", "web-1"),
        ("^$", "web"),
        (r"web\.1", "web-1"),
        (r"back\\$", "back\\slash"),
        ("w..b", "web-1"),
        ("^ab.*bc$", "abc"),
        ("a.*b.*c", "acb"),
    ],
)
def test_a_pattern_does_not_match(pattern: str, name: str) -> None:
    matches = parse_name_pattern(pattern)
    assert matches is not None
    assert not matches(name)


@pytest.mark.parametrize(
    "pattern", ["(a)", "a+", "a?", "[a]", "a{2}", "a|b", "*", "a*", "a^b", "\\"]
)
def test_other_operators_are_not_valid(pattern: str) -> None:
    assert parse_name_pattern(pattern) is None
