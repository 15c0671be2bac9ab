"""Accept headers: parsing, and the choice of an offer, which is that of WebOb."""

import pytest

from glimpse.http.accept import MediaRange, best_offer, parse_accept

JSON = "application/json"
HTML = "text/html"


@pytest.mark.parametrize(
    ("accept", "media_ranges"),
    [
        ("", [MediaRange("", [], is_well_formed=True)]),
        (
            " Text/HTML ; Level=1;q=0.5 ,*/*",
            [
                MediaRange("Text/HTML", [("Level", "1"), ("q", "0.5")], is_well_formed=True),
                MediaRange("*/*", [], is_well_formed=True),
            ],
        ),
        (
            'a/b;x="c,d;e=f";q=1',
            [MediaRange("a/b", [("x", "c,d;e=f"), ("q", "1")], is_well_formed=True)],
        ),
        (
            r'a/b;x="c\",d";y',
            [MediaRange("a/b", [("x", r"c\",d"), ("y", "")], is_well_formed=False)],
        ),
        ('a/b;x="c,d;e', [MediaRange("a/b", [("x", '"c,d;e')], is_well_formed=False)]),
        ("a/b; version = 2", [MediaRange("a/b", [("version", "2")], is_well_formed=False)]),
        ("a/b;q=2", [MediaRange("a/b", [("q", "2")], is_well_formed=False)]),
    ],
)
def test_parse_accept_splits_outside_quotes_only(
    accept: str, media_ranges: list[MediaRange]
) -> None:
    assert parse_accept(accept) == media_ranges


@pytest.mark.parametrize(
    ("accept", "offer"),
    [
        ("*/*", HTML),
        ("application/*", JSON),
        ("APPLICATION/JSON", JSON),
        ("text/html;q=0.5, application/json", JSON),
        ("text/html;Q=0.5, application/json", JSON),
        ("text/*;q=0.9, text/html;q=0.1, application/json;q=0.5", JSON),
        ("text/html;q=0.1, text/html, application/json;q=0.5", JSON),
        ("text/html;level=1, application/json;q=0.5", JSON),
        ("text/html;q=0.9;level=1, application/json;q=0.5", HTML),
        ("text/*;level=1, application/json;q=0.5", HTML),
    ],
)
def test_the_first_of_the_most_specific_ranges_counts(accept: str, offer: str) -> None:
    assert best_offer(accept, (HTML, JSON)) == offer


@pytest.mark.parametrize("accept", ["garbage", "*", "a/b;q=x", "application/json;q=1.5", "é"])
def test_a_malformed_accept_header_gets_the_first_offer(accept: str) -> None:
    assert best_offer(accept, (HTML, JSON)) == HTML


@pytest.mark.parametrize("accept", ["", "image/png", "text/html;q=0", "application/json;level=1"])
def test_an_accept_header_that_excludes_all_offers_gets_none(accept: str) -> None:
    assert best_offer(accept, (HTML, JSON)) is None
