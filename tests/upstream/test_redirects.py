"""Redirects: the target that a log line shows."""

import pytest

from glimpse.upstream.redirects import redirect_target
from glimpse.upstream.transport import Response


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (302, b"http://user:secret@other/v2?token=secret", "http://other/v2"),
        (308, b"http://other/\xe9\x1b[2J", "http://other/\\xe9\\x1b[2J"),
        (302, b"//user:secret@other/v2?token=secret", "//other/v2"),
        (302, b"user:secret@other", "a URL that cannot be read"),
        (302, b"http://" + 600 * b"u" + b":secret@other/", "http://other/"),
        (301, None, "nowhere"),
        (300, b"http://other", None),
        (200, b"http://other", None),
    ],
)
def test_redirect_is_the_target_without_secrets(
    status: int, location: bytes | None, expected: str | None
) -> None:
    headers = [(b"Location", location)] if location else []
    assert redirect_target(Response(status, headers, b"")) == expected
