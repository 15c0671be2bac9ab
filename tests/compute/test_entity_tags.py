"""Entity tags: which If-None-Match makes a response a 304."""

import pytest

from glimpse.compute.entity_tags import is_not_modified, strong_etag

TAG = strong_etag(b"body")


def test_bodies_with_a_difference_have_different_tags() -> None:
    assert strong_etag(b"body") == TAG
    assert strong_etag(b"Body") != TAG
    assert TAG.startswith(b'"')
    assert TAG.endswith(b'"')


@pytest.mark.parametrize(
    ("if_none_match", "matches"),
    [
        (None, False),
        (b"", False),
        (TAG, True),
        (b"W/" + TAG, True),
        (b'"other" , ' + TAG, True),
        (b'"other"', False),
        (b"*", False),
        (TAG.strip(b'"'), False),
    ],
    ids=["none", "empty", "equal", "weak", "in a list", "another", "asterisk", "without quotes"],
)
def test_if_none_match_matches_a_listed_tag(*, if_none_match: bytes | None, matches: bool) -> None:
    assert is_not_modified(if_none_match, TAG) == matches
