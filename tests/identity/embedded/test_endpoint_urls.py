"""URLs of endpoints have the ids of a token's user and project in place of substitutions."""

import pytest

from glimpse.identity.embedded.endpoint_urls import expand_url, has_valid_substitutions


@pytest.mark.parametrize(
    ("url", "expanded"),
    [
        ("http://host/v3", "http://host/v3"),
        ("http://host/%(project_id)s", "http://host/P"),
        ("http://host/$(tenant_id)s/%(user_id)s", "http://host/P/U"),
        ("http://host/%%(user_id)s%%", "http://host/%(user_id)s%"),
        ("http://host/$a", "http://host/$a"),
    ],
)
def test_substitutions_are_made(url: str, expanded: str) -> None:
    assert has_valid_substitutions(url)
    assert expand_url(url, "U", "P") == expanded


@pytest.mark.parametrize(
    "url", ["%(secret)s", "%(user_id)d", "%(user_id)", "$(user_id)", "%", "%20", "%%%", "$(", "%s"]
)
def test_unknown_substitution_is_not_valid(url: str) -> None:
    assert not has_valid_substitutions(url)
    assert expand_url(url, "U", "P") is None


def test_url_with_a_project_needs_one() -> None:
    assert expand_url("%(project_id)s", "U", None) is None
    assert expand_url("%(user_id)s", "U", None) == "U"
