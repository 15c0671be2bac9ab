"""RetryPolicy: which requests are retried, on which server, and what the caller gets."""

import pytest

from glimpse.glance.api_servers import ApiServers
from glimpse.glance.error_mapping import TooLarge
from glimpse.glance.request import GlanceRequest
from glimpse.glance.retry_policy import AttemptResult, RetryPolicy
from glimpse.images.errors import Invalid, InvalidResponse, Unavailable
from glimpse.upstream.errors import (
    ConnectError,
    ConnectionLost,
    ConnectTimeout,
    ProtocolError,
    ResponseTooLarge,
)
from glimpse.upstream.transport import Response

OK = Response(200, [], b"")
GET = GlanceRequest("GET", "/", {}, 1000)
PATCH = GlanceRequest("PATCH", "/", {}, 1000, b"[]", is_idempotent=True)
DELETE = GlanceRequest("DELETE", "/", {}, 1000)


class Sender:
    """Returns or raises the results of attempts, in order, and records their servers."""

    def __init__(self, *results: AttemptResult) -> None:
        self._results = list(results)
        self.servers: list[str] = []

    async def __call__(self, server: str, _request: GlanceRequest) -> AttemptResult:
        self.servers.append(server)
        return self._results.pop(0)


@pytest.fixture(autouse=True)
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays before retries, during which the tests do not wait."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("glimpse.glance.retry_policy.asyncio.sleep", sleep)
    return slept


@pytest.fixture
def servers() -> ApiServers:
    return ApiServers(["http://a", "http://b"], backoff=10, clock=lambda: 0.0)


async def test_success_is_returned_at_once(servers: ApiServers, delays: list[float]) -> None:
    send = Sender(OK)
    assert await RetryPolicy(3).send(GET, servers, send) is OK
    assert (len(send.servers), delays) == (1, [])


@pytest.mark.parametrize("status", [300, 400, 401, 404, 409, 413, 429, 501, 599])
async def test_other_status_codes_are_not_retried(servers: ApiServers, status: int) -> None:
    response = Response(status, [], b"")
    send = Sender(response)
    assert await RetryPolicy(3).send(GET, servers, send) is response


@pytest.mark.parametrize(
    "failure",
    [
        Response(500, [], b""),
        Response(502, [], b""),
        Response(503, [], b""),
        Response(504, [], b""),
        ConnectError(),
        ConnectTimeout(),
        ConnectionLost(),
        ProtocolError(),
        TimeoutError(),
    ],
    ids=repr,
)
async def test_get_is_retried_on_the_next_server_after_a_delay(
    servers: ApiServers, delays: list[float], failure: AttemptResult
) -> None:
    send = Sender(failure, OK)
    assert await RetryPolicy(3).send(GET, servers, send) is OK
    assert len({*send.servers}) == 2
    assert len(delays) == 1
    assert servers.order()[0] == send.servers[1], "the server that failed is tried first"


@pytest.mark.parametrize(
    ("request_", "failure", "attempts"),
    [
        (PATCH, Response(503, [], b""), 2),
        (PATCH, ConnectionLost(), 2),
        (PATCH, ConnectTimeout(), 2),
        (PATCH, Response(504, [], b""), 1),
        (PATCH, TimeoutError(), 1),
        (DELETE, ConnectError(), 2),
        (DELETE, ConnectTimeout(), 2),
        (DELETE, ConnectionLost(), 1),
        (DELETE, Response(503, [], b""), 1),
    ],
    ids=lambda value: value.method if isinstance(value, GlanceRequest) else repr(value),
)
async def test_write_is_retried_only_if_it_is_safe(
    servers: ApiServers, request_: GlanceRequest, failure: AttemptResult, attempts: int
) -> None:
    send = Sender(failure, OK)
    if attempts == 2:
        assert await RetryPolicy(3).send(request_, servers, send) is OK
    elif isinstance(failure, Response):
        assert await RetryPolicy(3).send(request_, servers, send) is failure
    else:
        with pytest.raises(Unavailable):
            await RetryPolicy(3).send(request_, servers, send)
    assert len(send.servers) == attempts


async def test_server_that_failed_is_tried_again_after_the_others(servers: ApiServers) -> None:
    send = Sender(ConnectionLost(), ConnectionLost(), ConnectionLost(), OK)
    await RetryPolicy(3).send(GET, servers, send)
    first, second = send.servers[:2]
    assert send.servers == [first, second, first, second]


async def test_server_that_timed_out_is_not_tried_again(servers: ApiServers) -> None:
    send = Sender(TimeoutError(), ConnectionLost(), ConnectionLost(), OK)
    await RetryPolicy(3).send(GET, servers, send)
    timed_out, other = send.servers[:2]
    assert send.servers == [timed_out, other, other, other]


async def test_no_retry_is_sent_when_all_servers_have_timed_out(servers: ApiServers) -> None:
    send = Sender(TimeoutError(), TimeoutError())
    with pytest.raises(Unavailable, match="in time"):
        await RetryPolicy(3).send(GET, servers, send)
    assert len(send.servers) == 2


@pytest.mark.parametrize("max_retries", [0, 1, 5])
async def test_retries_are_limited_and_the_last_result_is_returned(
    servers: ApiServers, max_retries: int
) -> None:
    last = Response(503, [], b"")
    send = Sender(*[ConnectionLost()] * max_retries, last)
    assert await RetryPolicy(max_retries).send(GET, servers, send) is last
    assert len(send.servers) == max_retries + 1


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (ConnectError("to 10.0.0.1"), Unavailable),
        (ConnectTimeout("to 10.0.0.1"), Unavailable),
        (TimeoutError("of 10.0.0.1"), Unavailable),
        (ProtocolError("of 10.0.0.1"), InvalidResponse),
    ],
)
async def test_failure_becomes_an_error_of_the_domain_without_its_text(
    servers: ApiServers, failure: AttemptResult, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        await RetryPolicy(0).send(GET, servers, Sender(failure))
    assert "10.0.0.1" not in str(caught.value)
    assert caught.value.__cause__ is failure


async def test_too_large_response_does_not_count_as_a_failure_of_the_server(
    servers: ApiServers,
) -> None:
    send = Sender(ResponseTooLarge())
    with pytest.raises(TooLarge):
        await RetryPolicy(3).send(GET, servers, send)
    assert servers.mark_failed(send.servers[0]), "the server was in backoff"


async def test_500_that_the_request_has_caused_is_no_failure_of_the_server(
    servers: ApiServers,
) -> None:
    request = GET._replace(diagnosis=lambda: "The filter is odd.")
    send = Sender(Response(500, [], b""))
    with pytest.raises(Invalid, match="The filter is odd"):
        await RetryPolicy(3).send(request, servers, send)
    assert servers.mark_failed(send.servers[0]), "the server was in backoff"


async def test_failing_server_is_logged_once_without_its_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    servers = ApiServers(["http://user:secret@a"], backoff=10, clock=lambda: 0.0)
    for _ in range(3):
        await RetryPolicy(0).send(GET, servers, Sender(Response(503, [], b"")))
    (message,) = caplog.messages
    assert message == (
        "Glance at http://a failed, other servers are tried first for 10 s: status code 503"
    )
