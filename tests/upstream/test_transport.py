"""Response: headers; HttpClient implements Transport."""

from glimpse.upstream.client import HttpClient
from glimpse.upstream.transport import Response, Transport
from tests.support.options import tls_options
from tests.upstream.fake_transport import FakeTransport


def test_first_header_of_a_name_is_found_in_any_case() -> None:
    response = Response(200, [(b"RETRY-After", b"7"), (b"retry-after", b"8")], b"")
    assert response.header(b"retry-after") == "7"
    assert response.header(b"date") is None


def test_real_and_fake_transport_have_the_same_interface() -> None:
    """mypy compares them here."""
    client = HttpClient(tls=tls_options(), connect_timeout=1, read_timeout=1)
    transports: list[Transport] = [client, FakeTransport(lambda _: None)]
    assert len(transports) == 2
