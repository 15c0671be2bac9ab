"""TransportAdapter with a fake transport: requests, responses and errors."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import InvalidHeader, Timeout

from glimpse.identity.keystone.transport_adapter import RedirectNotFollowed, TransportAdapter
from glimpse.upstream.errors import ConnectError
from glimpse.upstream.transport import Response
from tests.upstream.fake_transport import FakeTransport, Result, SentRequest, json_response

URL = "http://user:password@keystone:5000/v3/auth/tokens?nocatalog"


async def send(
    respond: Callable[[SentRequest], Result], *, seconds: float = 5.0, **request: Any
) -> tuple[requests.Response, SentRequest]:
    """Send a request from a thread, as keystoneauth does; return the response and the request."""
    transport = FakeTransport(respond)
    adapter, loop = TransportAdapter(transport), asyncio.get_running_loop()

    def send_in_thread() -> requests.Response:
        adapter.begin(loop, seconds)
        with requests.Session() as session:
            session.mount("http://", adapter)
            return session.request(**{"method": "GET", "url": URL, **request})

    return await asyncio.to_thread(send_in_thread), transport.sent[0]


async def test_request_is_sent_without_the_headers_that_the_transport_writes() -> None:
    headers = {"X-Auth-Token": "secret", "Connection": "close"}
    _, sent = await send(lambda _: json_response({}), method="POST", data="{}", headers=headers)
    assert (sent.method, sent.base_url, sent.body) == ("POST", "http://keystone:5000", b"{}")
    assert sent.target == "/v3/auth/tokens?nocatalog"
    assert sent.headers["X-Auth-Token"] == "secret"
    assert {name.lower() for name in sent.headers}.isdisjoint(("host", "connection", "user-agent"))


async def test_response_has_status_headers_and_body() -> None:
    response, _ = await send(lambda _: json_response({"token": {}}, 201))
    assert (response.status_code, response.json()) == (201, {"token": {}})
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (ConnectError("refused"), NoConnection),
        (None, Timeout),
        (Response(302, [(b"Location", b"http://elsewhere")], b""), RedirectNotFollowed),
        (Response(401, [], b""), NoConnection),
    ],
    ids=["no connection", "no response", "redirect", "discovery with a token"],
)
async def test_failure_is_an_error_of_requests(result: Result, error: type[Exception]) -> None:
    with pytest.raises(error):
        await send(lambda _: result, seconds=0.2)


@pytest.mark.parametrize(
    ("result", "error", "problem"),
    [
        (ConnectError("refused"), NoConnection, "refused"),
        (None, Timeout, "no response in time"),
        (ValueError(), InvalidHeader, "a header cannot be sent"),
        (Response(401, [], b""), NoConnection, "GET http://keystone/2 responds 401"),
    ],
    ids=["no connection", "no response", "invalid header", "discovery with a token"],
)
async def test_problem_is_that_of_the_last_request(
    result: Result, error: type[Exception], problem: str
) -> None:
    def respond(request: SentRequest) -> Result:
        return Response(500, [], b"") if request.target == "/1" else result

    adapter, loop = TransportAdapter(FakeTransport(respond)), asyncio.get_running_loop()

    def send_in_thread() -> list[str]:
        adapter.begin(loop, 0.2)
        problems = [adapter.problem]
        with requests.Session() as session:
            session.mount("http://", adapter)
            session.get("http://keystone/1")
            problems.append(adapter.problem)
            with pytest.raises(error):
                session.get("http://keystone/2")
        return [*problems, adapter.problem]

    first = "GET http://keystone/1 responds 500"
    assert await asyncio.to_thread(send_in_thread) == ["", first, problem]


async def test_request_in_an_event_loop_that_closes_or_is_closed_times_out() -> None:
    began = threading.Event()

    def respond(_: SentRequest) -> Result:
        began.set()
        return None

    adapter = TransportAdapter(FakeTransport(respond))

    def send(loop: asyncio.AbstractEventLoop) -> None:
        adapter.begin(loop, 5.0)
        with requests.Session() as session:
            session.mount("http://", adapter)
            session.get("http://keystone/")

    async def leave_a_request() -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        running.append(executor.submit(send, loop))
        await asyncio.to_thread(began.wait)
        return loop

    running: list[Future[None]] = []
    with ThreadPoolExecutor() as executor:
        closed_loop = await asyncio.to_thread(asyncio.run, leave_a_request())
        running.append(executor.submit(send, closed_loop))
        for request in running:
            with pytest.raises(Timeout):
                request.result(4.0)


async def test_closed_adapter_sends_no_request() -> None:
    transport = FakeTransport(lambda _: json_response({}))
    adapter, loop = TransportAdapter(transport), asyncio.get_running_loop()

    def send_in_thread() -> None:
        adapter.begin(loop, 5.0)
        with requests.Session() as session:
            session.mount("http://", adapter)
            session.close()
            session.get(URL)

    with pytest.raises(Timeout):
        await asyncio.to_thread(send_in_thread)
    assert transport.sent == []
