"""When ReloadableApplication opens its application, and how often."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from glimpse.app import reload
from glimpse.app.application import Application, open_application
from glimpse.app.reload import ReloadableApplication
from glimpse.settings import Settings, load_settings
from tests.support.asgi import send_request


class Openings:
    """Opens applications, and counts them; the first `failures` raise an error."""

    def __init__(self, failures: int = 0) -> None:
        self.count = 0
        self._failures = failures

    async def __call__(self, settings: Settings, *arguments: Any) -> Application:
        self.count += 1
        if self.count <= self._failures:
            raise OSError("no such directory")
        return await open_application(settings, *arguments)


def application(tmp_path: Path) -> ReloadableApplication:
    return ReloadableApplication(load_settings([], {"glimpse.state_dir": str(tmp_path)}))


async def test_two_first_requests_at_once_open_the_application_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings = Openings()
    monkeypatch.setattr(reload, "open_application", openings)
    served = application(tmp_path)
    try:
        responses = await asyncio.gather(*(send_request(served, "GET", "/") for _ in range(2)))
    finally:
        await served.close()
    assert [response.status for response in responses] == [200, 200]
    assert openings.count == 1


async def test_the_lifespan_event_opens_and_closes_the_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings = Openings()
    monkeypatch.setattr(reload, "open_application", openings)
    served = application(tmp_path)
    shutdown = asyncio.Event()
    started = asyncio.Event()
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        if not sent:
            return {"type": "lifespan.startup"}
        await shutdown.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Any) -> None:
        sent.append(message["type"])
        started.set()

    lifespan = asyncio.create_task(served({"type": "lifespan"}, receive, send))
    await started.wait()
    assert openings.count == 1, "not opened before the first request"
    assert (await send_request(served, "GET", "/")).status == 200
    shutdown.set()
    await lifespan
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert openings.count == 1


async def test_an_application_that_could_not_be_opened_is_opened_by_a_later_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "open_application", Openings(failures=1))
    served = application(tmp_path)
    try:
        with pytest.raises(OSError, match="no such directory"):
            await send_request(served, "GET", "/")
        assert (await send_request(served, "GET", "/")).status == 200
    finally:
        await served.close()


async def test_a_failed_reload_keeps_the_current_application(tmp_path: Path) -> None:
    served = application(tmp_path)

    def load() -> Settings:
        raise ValueError("a bad option")

    try:
        assert not await served.reload(load)
        assert (await send_request(served, "GET", "/")).status == 200
    finally:
        await served.close()


async def test_a_reload_before_the_application_could_be_opened_fails_without_an_exception(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reload, "open_application", Openings(failures=1))
    served = application(tmp_path)
    try:
        assert not await served.reload(lambda: served.settings)
        assert "The present configuration is kept: no such directory" in caplog.text
        assert await served.reload(lambda: served.settings)
    finally:
        await served.close()
