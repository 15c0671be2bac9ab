"""Accept headers, as the Compute API reads them."""

import pytest

from glimpse.compute.content_negotiation import ATOM, COMPUTE_JSON, JSON, JSON_TYPES, preference
from glimpse.http.accept import best_offer


@pytest.mark.parametrize(
    ("accept", "content_type", "version"),
    [
        ("", JSON, None),
        ("image/png", JSON, None),
        (ATOM, JSON, None),
        ("*/*", JSON, None),
        ("application/*", JSON, None),
        (COMPUTE_JSON, COMPUTE_JSON, None),
        (f"{COMPUTE_JSON};version=2.1", COMPUTE_JSON, "2.1"),
        (f"{COMPUTE_JSON}; version=2", COMPUTE_JSON, "2"),
        (f"{COMPUTE_JSON};q=0.5, {JSON};q=0.4", COMPUTE_JSON, None),
        (f"*/*, {COMPUTE_JSON}", COMPUTE_JSON, None),
        (f"{COMPUTE_JSON};q=x", JSON, None),
        (COMPUTE_JSON.upper(), JSON, None),
    ],
)
def test_preference_finds_the_best_offer_and_its_version(
    accept: str, content_type: str, version: str | None
) -> None:
    assert preference(accept, JSON_TYPES) == (content_type, version)


@pytest.mark.parametrize("accept", ["garbage", "*", "a/b;q=x", "application/json;q=1.5", "é"])
def test_a_malformed_accept_header_gets_the_first_offer(accept: str) -> None:
    assert best_offer(accept, ("text/html", JSON)) == "text/html"


@pytest.mark.parametrize("accept", ["", "image/png", "text/html;q=0", "application/json;level=1"])
def test_an_accept_header_that_excludes_all_offers_gets_none(accept: str) -> None:
    assert best_offer(accept, ("text/html", JSON)) is None
