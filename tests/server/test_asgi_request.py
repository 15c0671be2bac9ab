"""AsgiRequest: what becomes of the application when the client disconnects."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from glimpse.http.reset_exception import ResetConnection
from glimpse.server.client_timeouts import ClientTimeouts
from tests.server.connection import Clock, Connection, run


@pytest.fixture(autouse=True)
def client_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClientTimeouts, "client_timeout", 60.0, raising=False)


@pytest.mark.parametrize(
    ("method", "is_cancelled"), [("GET", True), ("HEAD", True), ("PUT", False), ("DELETE", False)]
)
def test_work_for_a_client_that_has_gone_is_cancelled_if_it_changes_nothing(
    method: str, *, is_cancelled: bool
) -> None:
    outcomes: list[bool] = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        try:
            for _ in range(20):
                await asyncio.sleep(0)
        finally:
            task = asyncio.current_task()
            outcomes.append(task is not None and task.cancelling() > 0)

    async def test(connection: Connection, _loop: Clock) -> None:
        connection.protocol._app = app  # noqa: SLF001  the harness has another
        await connection.send(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connection.transport.abort()
        for _ in range(30):
            await asyncio.sleep(0)
        assert outcomes == [is_cancelled]

    run(test)


def test_a_response_that_has_started_is_not_cancelled() -> None:
    """It ends by itself: its next message is not sent, and `receive` returns the disconnect."""

    async def test(connection: Connection, _loop: Clock) -> None:
        await connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        (task,) = connection.state.tasks
        connection.transport.abort()
        await asyncio.wait([task], timeout=5)
        assert not task.cancelling()

    run(test)


def test_a_reset_of_a_connection_that_the_client_has_closed_does_nothing() -> None:
    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ResetConnection

    async def test(connection: Connection, _loop: Clock) -> None:
        connection.protocol._app = app  # noqa: SLF001  the harness has another
        await connection.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        (task,) = connection.state.tasks
        connection.transport.abort()
        await asyncio.wait([task], timeout=5)
        assert task.exception() is None

    run(test)
