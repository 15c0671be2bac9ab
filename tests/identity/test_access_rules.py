"""Access rules: which requests they allow by method, service and path."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.identity.access_rules import AccessRule, RequestTarget, is_allowed


@pytest.mark.parametrize(
    ("pattern", "path", "allows"),
    [
        ("/v2.1/images", "/v2.1/images", True),
        ("/v2.1/images", "/v2.1/images/", False),
        ("/v2.1/images", "/v201/images", False),
        ("/v2.1/images", "/x/v2.1/images", False),
        ("/v2.1/images/{image_id}", "/v2.1/images/a-b", True),
        ("/v2.1/images/{image_id}", "/v2.1/images/", False),
        ("/v2.1/images/{image_id}", "/v2.1/images/a/metadata", False),
        ("/v2.1/images/{image_id}/metadata/{key}", "/v2.1/images/a/metadata/b", True),
        ("/v2.1/*/detail", "/v2.1/images/detail", True),
        ("/v2.1/*/detail", "/v2.1//detail", False),
        ("/v2.1/images*", "/v2.1/images", False),
        ("/v2.1/*/detail", "/v2.1/a/b/detail", False),
        ("/v2.1/**", "/v2.1/images/a/metadata/b", True),
        ("/v2.1/**", "/v2.1", False),
        ("/v2.1/**/metadata", "/v2.1/images/a/metadata", True),
        ("**", "/v2/images", True),
        ("/v2.1/images/a%20b", "/v2.1/images/a b", True),
        ("/v2.1/images/a:b", "/v2.1/images/a:b", True),
        ("/v2.1/images/{id}", "/v2.1/images/a\nb", True),
        ("/v2.1/(images|flavors)", "/v2.1/images", False),
    ],
)
def test_a_rule_matches_only_its_paths(pattern: str, path: str, *, allows: bool) -> None:
    rule = AccessRule("compute", "GET", pattern)
    assert rule.allows(RequestTarget("compute", "GET", path)) is allows


def test_one_matching_rule_allows_a_request() -> None:
    rules = [AccessRule("image", "GET", "/v2/images"), AccessRule("compute", "PUT", "/**")]
    assert is_allowed(rules, RequestTarget("image", "GET", "/v2/images"))
    assert is_allowed(rules, RequestTarget("compute", "PUT", "/v2.1/images/a/metadata"))
    assert not is_allowed(rules, RequestTarget("image", "PUT", "/v2/images"))
    assert not is_allowed(rules, RequestTarget("compute", "GET", "/v2/images"))


def test_no_rules_allow_everything_and_an_empty_list_nothing() -> None:
    assert is_allowed(None, None)
    assert not is_allowed([], RequestTarget("compute", "GET", "/"))
    assert not is_allowed([AccessRule("compute", "GET", "/**")], None)


def regular_expression(path: str) -> re.Pattern[str]:
    """Return keystonemiddleware's regular expression for a path, with literal parts quoted."""
    parts = re.split(r"(\{[^}]*\}|\*\*|\*)", path)  # every second part is a wildcard
    return re.compile(
        "".join(
            re.escape(part) if number % 2 == 0 else ".*" if part == "**" else "[^/]+"
            for number, part in enumerate(parts)
        ),
        re.DOTALL,
    )


@settings(max_examples=2000)
@given(st.text("ab/*{}", max_size=9), st.text("ab/", max_size=9))
def test_a_rule_matches_as_in_keystonemiddleware(pattern: str, path: str) -> None:
    expected = regular_expression(pattern).fullmatch(path) is not None
    assert (
        AccessRule("compute", "GET", pattern).allows(RequestTarget("compute", "GET", path))
        is expected
    )


@pytest.mark.parametrize(
    "pattern",
    [
        "/v2.1/images/*a*a*a*a*a*a*a*ab",
        "/v2.1/images/" + "**a" * 60 + "b",
        "/v2.1/images/" + "{x}" * 60 + "b**c",
        "/v2.1/images/" + "*a**" * 50 + "/b",
    ],
)
@pytest.mark.parametrize("letters", [80, 4000])
def test_many_wildcards_take_bounded_time(pattern: str, letters: int) -> None:
    rules = [AccessRule("compute", "GET", pattern)] * 200
    target = RequestTarget("compute", "GET", "/v2.1/images/" + "a" * letters)
    began = time.process_time()
    assert not is_allowed(rules, target)
    assert time.process_time() - began < 1  # takes 10 ms; with backtracking, it would take hours


def test_rules_or_paths_above_the_limits_allow_nothing() -> None:
    long_path = RequestTarget("compute", "GET", "/" + "a" * 4096)
    assert not is_allowed([AccessRule("compute", "GET", "/**")], long_path)
    target = RequestTarget("compute", "GET", "/" + "a" * 4000)
    assert is_allowed([AccessRule("compute", "GET", "/**")], target)
    assert not is_allowed([AccessRule("compute", "GET", "/**" + "*" * 253)], target)
    complex_rules = [AccessRule("compute", "GET", "/*b*")] * 9
    assert not is_allowed([*complex_rules, AccessRule("compute", "GET", "/*a*")], target)
    assert is_allowed([*complex_rules[:5], AccessRule("compute", "GET", "/*a*")], target)
