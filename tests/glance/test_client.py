"""GlanceClient with a fake transport: requests, timeouts, tokens, health and versions."""

from collections.abc import Callable

import pytest

from glimpse.glance.client import GlanceClient
from glimpse.glance.request import GlanceRequest, encode_target, make_headers
from glimpse.images.errors import Invalid, InvalidResponse, Unavailable
from glimpse.telemetry.observer import NullObserver, Service
from glimpse.telemetry.request_context import RequestContext, current_context
from glimpse.upstream.errors import ConnectError, ConnectionLost, ResponseTooLarge
from glimpse.upstream.transport import Response
from tests.support.options import glance_options
from tests.support.parameter_ids import parameter_id
from tests.upstream.fake_transport import FakeTransport, SentRequest, json_response

GET = GlanceRequest("GET", "/", make_headers("t"), 1000)
OK = Response(200, [], b"ok")


def client_of(transport: FakeTransport, **options: object) -> GlanceClient:
    return GlanceClient(glance_options("http://a", "http://b", **options), transport)


class Observer(NullObserver):
    """An observer that records calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.retries = 0

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.calls.append((service, method, outcome))

    def call_retried(self, service: Service) -> None:
        assert service == "glance"
        self.retries += 1


@pytest.fixture
def observer() -> Observer:
    """The observer of the request in progress."""
    observer = Observer()
    current_context.set(RequestContext("req-1", observer=observer))
    return observer


async def test_request_has_tokens_ids_parameters_and_limits() -> None:
    transport = FakeTransport(lambda _: OK)
    current_context.set(RequestContext("req-1"))
    target = encode_target("/v2/images/a%2Fb", [("name", "a b"), ("tag", "\xe9")])
    headers = make_headers("secret", "text/x")
    response = await client_of(transport).send(GlanceRequest("PATCH", target, headers, 7, b"[]"))
    assert response is OK
    (sent,) = transport.sent
    assert (sent.method, sent.body, sent.max_response_bytes) == ("PATCH", b"[]", 7)
    assert sent.target == "/v2/images/a%2Fb?name=a+b&tag=%C3%A9"
    assert sent.headers == {
        "X-Auth-Token": "secret",
        "Accept": "application/json",
        "X-Openstack-Request-Id": "req-1",
        "Content-Type": "text/x",
    }


def test_parameter_that_is_no_text_is_invalid() -> None:
    with pytest.raises(Invalid):
        encode_target("/", [("name", "\ud800")])


async def test_total_timeout_bounds_a_request_with_its_retries(observer: Observer) -> None:
    client = client_of(FakeTransport(lambda _: None), total_timeout=0.5)
    with pytest.raises(Unavailable, match="in time"):
        await client.send(GET)
    assert observer.calls == [("glance", "GET", "timeout")]


async def test_each_attempt_is_reported_to_the_observer(observer: Observer) -> None:
    results: list[Response | Exception] = [
        ConnectionLost(),
        Response(503, [], b""),
        ResponseTooLarge(),
    ]
    transport = FakeTransport(lambda _: results.pop(0))
    with pytest.raises(InvalidResponse):
        await client_of(transport).send(GET)
    outcomes = ["unreachable", "503", "bad_response"]
    assert observer.calls == [("glance", "GET", outcome) for outcome in outcomes]
    assert observer.retries == 2


async def test_redirect_is_returned_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    location = b"http://user:secret@other/v2?token=secret"
    transport = FakeTransport(lambda _: Response(302, [(b"Location", location)], b""))
    response = await client_of(transport).send(GET)
    assert response.status == 302
    assert "redirects to http://other/v2, which is not followed" in caplog.text
    assert "secret" not in caplog.text


class Tokens:
    """Service tokens; the next one replaces a refused one."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)
        self.closed = False

    async def token(self) -> str | None:
        return self._tokens[0] if self._tokens else None

    async def renew(self, refused: str) -> str | None:
        assert self._tokens.pop(0) == refused
        return self._tokens[0] if self._tokens else None

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("tokens", "sent", "status"),
    [
        ([], [None], 401),
        (["good"], ["good"], 200),
        (["bad", "good"], ["bad", "good"], 200),
        (["bad"], ["bad"], 401),
        (["bad", "worse", "good"], ["bad", "worse"], 401),
    ],
)
async def test_refused_service_token_is_renewed_once(
    tokens: list[str], sent: list[str | None], status: int
) -> None:
    def respond(request: SentRequest) -> Response:
        good = request.headers.get("X-Service-Token") == "good"
        return Response(200 if good else 401, [], b"")

    transport, service_tokens = FakeTransport(respond), Tokens(*tokens)
    client = GlanceClient(glance_options("http://a"), transport, service_tokens=service_tokens)
    assert (await client.send(GET)).status == status
    assert [request.headers.get("X-Service-Token") for request in transport.sent] == sent
    await client.close()
    assert service_tokens.closed
    assert transport.closed


@pytest.mark.parametrize(
    ("respond", "expected"),
    [
        (lambda _: Response(300, [], b""), None),
        (lambda sent: OK if sent.base_url == "http://b" else ConnectError(), None),
        (lambda _: Response(503, [], b""), "no Image service responds"),
        (lambda _: ConnectError(), "no Image service responds"),
    ],
)
async def test_ping_succeeds_if_any_server_responds(
    respond: Callable[[SentRequest], Response | Exception], expected: str | None
) -> None:
    transport = FakeTransport(respond)
    assert await client_of(transport).ping() == expected
    assert all("X-Auth-Token" not in sent.headers for sent in transport.sent)


async def test_versions_are_those_of_one_server() -> None:
    document = {"versions": [{"id": "v2.15"}, {"id": "v2.9"}]}
    transport = FakeTransport(lambda _: json_response(document, 300))
    assert await client_of(transport).versions("http://b") == ["v2.15", "v2.9"]
    assert [sent.base_url for sent in transport.sent] == ["http://b"]


async def test_versions_of_a_server_that_fails_are_an_error_with_its_cause() -> None:
    failure = ConnectError("refused")
    with pytest.raises(Unavailable) as caught:
        await client_of(FakeTransport(lambda _: failure)).versions("http://a")
    assert caught.value.__cause__ is failure


@pytest.mark.parametrize(
    "document", [{}, [], {"versions": [{"id": "\x1b[2J"}]}, {"versions": [1]}], ids=parameter_id
)
async def test_malformed_versions_are_an_invalid_response(document: object) -> None:
    transport = FakeTransport(lambda _: json_response(document))
    with pytest.raises(InvalidResponse):
        await client_of(transport).versions("http://a")
