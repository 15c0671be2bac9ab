"""The comparison accepts recorded responses, and reports responses that differ."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.golden.compare import ServiceURLs
from tests.golden.exchanges import COMPACT, MORE, Exchange, read_exchanges, read_fixture
from tests.golden.oracle import Oracle
from tests.golden.replay import Result, compare, needs_broken_image, send
from tests.support.canned_server import CannedServer
from tests.support.http import Response

FIXTURE = read_fixture(COMPACT)
EXCHANGES = {
    exchange.name: exchange for source in (COMPACT, MORE) for exchange in read_exchanges(source)
}
REQUEST_ID = "req-2c48ed7d-6363-4a4e-82ad-31a98af2b94a"
# The URLs of the services during the recording: links are compared as they were recorded.
RECORDED = ServiceURLs(
    "http://127.0.0.1:18774", "http://127.0.0.1:19292/", "http://127.0.0.1:15000"
)
LOOSENED = {"R7", "R9"}  # accept the recorded response, too: R7 any length, R9 any wording


class CannedCloud:
    """A cloud whose Compute is a CannedServer."""

    def __init__(self, server: CannedServer) -> None:
        self.server = server

    @property
    def address(self) -> tuple[str, int]:
        return self.server.address

    def token(self, user: str) -> str | None:
        return None if user == "none" else f"token-of-{user}"

    def service_urls(self, authority: str) -> ServiceURLs:
        compute = RECORDED.compute if authority.startswith("127") else f"http://{authority}"
        return replace(RECORDED, compute=compute)

    def restore(self, *, broken: bool) -> None:
        """Do nothing: the server has no images."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[CannedCloud]:
    with CannedServer() as server:
        yield CannedCloud(server)


def as_recorded(exchange: Exchange) -> Response:
    """Return the recorded response, with REQUEST_ID for the ids that are not recorded."""
    body = exchange.response_body
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    pairs = [
        (name, value.replace("req-*", REQUEST_ID)) for name, value in exchange.response_headers
    ]
    return Response(exchange.status, tuple(pairs), data)


def replay(exchange: Exchange, cloud: CannedCloud, response: Response) -> Result:
    oracle = Oracle(FIXTURE)
    oracle = Oracle(FIXTURE, broken=needs_broken_image(exchange, oracle))
    cloud.server.response = response
    return compare(exchange, send(exchange, cloud), cloud, oracle)


def with_header(response: Response, name: str, value: str) -> Response:
    kept = tuple(pair for pair in response.headers if pair[0].lower() != name.lower())
    return replace(response, headers=(*kept, (name, value)))


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=lambda exchange: exchange.name)
def test_a_recorded_response_passes_unless_a_repair_applies(
    exchange: Exchange, cloud: CannedCloud
) -> None:
    result = replay(exchange, cloud, as_recorded(exchange))
    if set(result.repairs) - LOOSENED:
        assert result.problems, "the comparison accepts the response that a repair replaces"
    elif "R7" not in result.repairs:
        assert not result.problems, str(result)


def test_the_request_is_sent_as_it_was_recorded(cloud: CannedCloud) -> None:
    exchange = EXCHANGES["metadata-POST-as-empty-type"]
    replay(exchange, cloud, as_recorded(exchange))
    head, _, body = cloud.server.received.partition(b"\r\n\r\n")
    assert head.startswith(f"POST {exchange.path} HTTP/1.1\r\n".encode())
    assert b"\r\nContent-Type: \r\n" in head
    assert b"\r\nX-Auth-Token: token-of-gold\r\n" in head
    assert body == (exchange.body or "").encode()


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("show-debian", "Content-Type", "application/json"),
        ("metadata-plain", "OpenStack-API-Version", "compute 2.2"),
        ("metadata-plain", "Vary", "OpenStack-API-Version"),
        ("metadata-plain", "x-compute-request-id", "req-1"),
        ("metadata-plain", "Deprecation", "true"),
        ("metadata-plain", "ETag", "unquoted"),
        ("metadata-plain", "X-Unknown", "1"),
        ("unauthenticated-show", "WWW-Authenticate", 'Keystone uri="http://elsewhere"'),
    ],
)
def test_a_wrong_header_is_reported(name: str, header: str, value: str, cloud: CannedCloud) -> None:
    exchange = EXCHANGES.get(name, EXCHANGES["delete-unknown"])
    response = with_header(as_recorded(exchange), header, value)
    assert replay(exchange, cloud, response).problems


def test_a_link_to_another_host_is_reported(cloud: CannedCloud) -> None:
    exchange = EXCHANGES["show-plain"]
    response = as_recorded(exchange)
    moved = response.body.replace(b"127.0.0.1:18774", b"127.0.0.2:18774")
    assert replay(exchange, cloud, replace(response, body=moved)).problems


def test_another_property_value_is_reported(cloud: CannedCloud) -> None:
    exchange = EXCHANGES["metadata-debian"]
    response = as_recorded(exchange)
    changed = response.body.replace(b'"base"', b'"best"')
    assert replay(exchange, cloud, replace(response, body=changed)).problems


def test_headers_added_on_purpose_are_allowed(cloud: CannedCloud) -> None:
    exchange = EXCHANGES["metadata-plain"]
    response = with_header(as_recorded(exchange), "Deprecation", "@1468800000")
    response = with_header(response, "ETag", '"1-2"')
    link = '<http://127.0.0.1:19292/v2/images/1>; rel="successor-version"'
    assert not replay(exchange, cloud, with_header(response, "Link", link)).problems


def test_a_repaired_filter_accepts_only_the_repaired_list(cloud: CannedCloud) -> None:
    exchange = EXCHANGES["list-status-UNKNOWN"]
    wrong = replay(exchange, cloud, as_recorded(exchange))
    assert wrong.repairs == ("R4",)
    assert wrong.problems


def test_a_repaired_404_must_name_the_successor(cloud: CannedCloud) -> None:
    exchange = EXCHANGES["version-show-2.39"]
    message = "Images ended with microversion 2.35: use GET /v2/images/{id} of the Image API."
    body = json.dumps({"itemNotFound": {"code": 404, "message": message}}).encode()
    response = with_header(as_recorded(exchange), "Content-Length", str(len(body)))
    result = replay(exchange, cloud, replace(response, body=body))
    assert not result.problems, str(result)
    assert result.repairs == ("R6",)
