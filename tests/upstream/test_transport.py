"""Response: headers and redirects; HttpClient implements Transport."""

import pytest

from glimpse.upstream.client import HttpClient
from glimpse.upstream.transport import Response, Transport
from tests.support.options import tls_options
from tests.upstream.fake_transport import FakeTransport


def test_first_header_of_a_name_is_found_in_any_case() -> None:
    response = Response(200, [(b"RETRY-After", b"7"), (b"retry-after", b"8")], b"")
    assert response.header(b"retry-after") == "7"
    assert response.header(b"date") is None


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
    assert Response(status, headers, b"").redirect == expected


def test_real_and_fake_transport_have_the_same_interface() -> None:
    """mypy compares them here."""
    client = HttpClient(tls=tls_options(), connect_timeout=1, read_timeout=1)
    transports: list[Transport] = [client, FakeTransport(lambda _: None)]
    assert len(transports) == 2
