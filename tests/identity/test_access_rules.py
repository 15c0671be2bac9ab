"""Access rules: which requests they allow, by method, service and path."""

import pytest

from glimpse.identity.access_rules import AccessRule, Asked, allowed


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
def test_a_pattern_stands_for_paths(pattern: str, path: str, *, allows: bool) -> None:
    rule = AccessRule("compute", "GET", pattern)
    assert rule.allows(Asked("compute", "GET", path)) is allows


def test_one_rule_that_fits_is_enough() -> None:
    rules = [AccessRule("image", "GET", "/v2/images"), AccessRule("compute", "PUT", "/**")]
    assert allowed(rules, Asked("image", "GET", "/v2/images"))
    assert allowed(rules, Asked("compute", "PUT", "/v2.1/images/a/metadata"))
    assert not allowed(rules, Asked("image", "PUT", "/v2/images"))
    assert not allowed(rules, Asked("compute", "GET", "/v2/images"))


def test_without_rules_everything_is_allowed_and_of_an_empty_list_nothing() -> None:
    assert allowed(None, None)
    assert not allowed([], Asked("compute", "GET", "/"))
    assert not allowed([AccessRule("compute", "GET", "/**")], None)
