"""Accept headers are parsed as a real Compute parses them."""

import pytest

from glimpse.compute.content_negotiation import ATOM, COMPUTE_JSON, JSON, JSON_TYPES, preference


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


@pytest.mark.parametrize(
    ("accept", "content_type", "version"),
    [
        (f"{JSON};Q=0.1, {COMPUTE_JSON}", JSON, None),
        (f"{JSON}, {COMPUTE_JSON};q=7", COMPUTE_JSON, None),
        (f"{JSON};q=1;q=0.1, {COMPUTE_JSON};q=0.5", COMPUTE_JSON, None),
        (f"{JSON};q=0.1;version=2, garbage", JSON, "2"),
        (f'{JSON};x="a,b;version=2.1";version="2"', JSON, "2"),
    ],
)
def test_preference_reads_odd_headers_as_compute_does(
    accept: str, content_type: str, version: str | None
) -> None:
    assert preference(accept, JSON_TYPES) == (content_type, version)
