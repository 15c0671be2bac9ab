"""RequestMiddleware: unhandled exceptions, and responses that are not completed."""

import asyncio
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glimpse.http.request_middleware import RequestMiddleware, ResponseAborted
from glimpse.http.requests_in_progress import RequestsInProgress
from glimpse.http.responses import send_text
from glimpse.http.service_urls import ServicePorts
from glimpse.telemetry.observer import NullObserver
from glimpse.telemetry.request_context import current_context
from tests.support.asgi import send_request

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
PART: Message = {"type": "http.response.body", "body": b"half", "more_body": True}


class EndedRequests(NullObserver):
    """An observer that records the operation and the status of each request."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, int]] = []

    def request_ended(self, operation: str, status: int, seconds: float) -> None:  # noqa: ARG002  the port's signature
        self.ended.append((operation, status))


def middleware(app: ASGIApp, observer: NullObserver | None = None, **more: Any) -> ASGIApp:
    return RequestMiddleware(
        app,
        ports=ServicePorts(8774),
        trust_proxy_headers=False,
        access_log=False,
        observer=observer or NullObserver(),
        **more,
    )


async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ValueError("odd")


async def fail_halfway(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(START)
    await send(PART)
    raise ValueError("odd")


async def abort_halfway(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send(START)
    await send(PART)
    raise ResponseAborted("Glance is down")


async def test_an_exception_before_the_response_is_a_500_with_the_request_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    observer = EndedRequests()
    response = await send_request(middleware(fail, observer), "GET", "/x")
    assert (response.status, response.body) == (
        500,
        b"The server has either erred or is incapable.",
    )
    assert (response.header("x-openstack-request-id") or "").startswith("req-")
    (record,) = caplog.records
    assert record.getMessage() == "Unexpected error while serving GET /x"
    assert record.exc_info
    assert observer.ended == [("other", 500)]


async def test_an_exception_during_the_response_reaches_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    observer = EndedRequests()
    with pytest.raises(ValueError, match="odd"):
        await send_request(middleware(fail_halfway, observer), "GET", "/x")
    (record,) = caplog.records
    assert record.exc_info
    assert observer.ended == [("other", 500)]


async def test_a_response_that_is_aborted_is_one_line_and_reaches_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ResponseAborted):
        await send_request(middleware(abort_halfway), "GET", "/x")
    (record,) = caplog.records
    assert record.getMessage() == "GET /x was cut short: Glance is down"
    assert not record.exc_info


async def test_an_exception_that_was_logged_is_marked_for_the_log_filter() -> None:
    logged: list[bool] = []

    async def server(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await middleware(abort_halfway)(scope, receive, send)
        except ResponseAborted:
            logged.append(current_context.get().is_exception_logged)

    await send_request(server, "GET", "/x")
    assert logged == [True]


async def test_a_client_that_disconnects_early_is_counted_as_499() -> None:
    async def disconnect(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send(PART)

    observer = EndedRequests()
    await send_request(middleware(disconnect, observer), "GET", "/x")
    assert observer.ended == [("other", 499)]


async def test_a_repeated_token_header_is_400_and_reaches_no_api() -> None:
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "query_string": b"",
        "headers": [(b"x-auth-token", b"a"), (b"x-auth-token", b"b")],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await middleware(fail)(scope, receive, send)
    assert sent[0]["status"] == 400
    assert sent[1]["body"] == b"A token header may be sent once only."


async def test_waiting_until_idle_ends_with_the_last_request() -> None:
    in_progress = RequestsInProgress()
    release = asyncio.Event()

    async def wait(_scope: Scope, _receive: Receive, send: Send) -> None:
        await release.wait()
        await send_text(send, 200, current_context.get().request_id)

    app = middleware(wait, in_progress=in_progress)
    requests = [asyncio.create_task(send_request(app, "GET", "/")) for _ in range(3)]
    await asyncio.sleep(0)
    assert in_progress.count == 3
    idle = asyncio.create_task(in_progress.wait_until_idle())
    await asyncio.sleep(0)
    assert not idle.done()
    release.set()
    await asyncio.gather(*requests)
    await idle
    assert in_progress.count == 0
    await in_progress.wait_until_idle()
