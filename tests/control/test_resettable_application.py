"""ResettableApplication: resets and reloads, with an application that only records them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from glimpse.control.control_api import ControlTools
from glimpse.control.request_log import RequestLog
from glimpse.control.resettable_application import ResettableApplication
from glimpse.control.state_copies import StateCopies
from glimpse.faults.active_faults import ActiveFaults
from glimpse.faults.rules import FaultRule
from glimpse.settings import LoadSettings, Settings, load_settings

CONTROL_PORT = 1


class RecordedApplication:
    """An application whose replacement fails with `error`, if there is one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.error: Exception | None = None
        self.may_load = asyncio.Event()
        self.may_load.set()
        self.is_loading = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError

    async def reload(self, load: LoadSettings) -> bool:
        settings = load()
        self.is_loading.set()
        await self.may_load.wait()
        self.settings = settings
        return True

    async def replace(self, settings: Settings, on_closed: Callable[[], None]) -> None:
        if self.error is not None:
            raise self.error
        self.settings = settings
        on_closed()


class Cloud:
    """A controlled application, and the parts of it that tests look at."""

    def __init__(self, state_dir: Path) -> None:
        state_dir.mkdir()
        (state_dir / "catalog").write_text("images")
        copies = StateCopies(state_dir, "running")
        settings = load_settings([], {"glimpse.state_dir": str(copies.first)})
        self.state_dir = state_dir
        self.application = RecordedApplication(settings)
        self.tools = ControlTools(ActiveFaults([FaultRule(status=503)]), RequestLog())
        self.controlled = ResettableApplication(
            self.application, CONTROL_PORT, "token", self.tools, copies
        )

    def copies(self) -> list[str]:
        """Return the names of the copies of the state, in order."""
        return sorted(path.name for path in self.state_dir.parent.glob("state-*"))


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path / "state")


async def wait_for_removals() -> None:
    """Wait until the threads that remove directories have ended; then no other can start."""
    await asyncio.get_running_loop().shutdown_default_executor()


async def call_control_api(cloud: Cloud, path: str, received: Message, sent: list[Message]) -> None:
    """POST to the control API, which receives only one message; append its replies to `sent`."""

    async def receive() -> Message:
        return received

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [(b"authorization", b"Bearer token")],
        "server": ("127.0.0.1", CONTROL_PORT),
    }
    await cloud.controlled(scope, receive, send)


async def test_a_reset_that_fails_leaves_no_copy_of_the_state_and_changes_nothing(
    cloud: Cloud,
) -> None:
    cloud.application.error = OSError("no space left")
    delays = cloud.tools.faults.delays
    cloud.tools.faults.clear()
    for _ in range(3):
        with pytest.raises(OSError, match="no space left"):
            await cloud.controlled.reset()
    await wait_for_removals()
    assert cloud.copies() == ["state-0"]
    assert cloud.state_dir.resolve().name == "state-0"
    assert cloud.tools.faults.delays is delays
    assert not delays.are_ended, "delayed jobs go on"
    assert not cloud.tools.faults, "the faults of the seed are back"


async def test_a_copy_of_the_state_that_cannot_be_completed_is_removed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_source: str, target: str) -> None:
        Path(target).write_text("a part")
        raise OSError("no space left")

    monkeypatch.setattr("shutil.copy2", fail)
    with pytest.raises(OSError, match="no space left"):
        await cloud.controlled.reset()
    assert cloud.copies() == ["state-0"]


async def test_a_reset_that_cannot_link_its_state_leaves_no_copy_and_is_possible_later(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no link")))
        with pytest.raises(OSError, match="no link"):
            await cloud.controlled.reset()
    await cloud.controlled.reset()
    await wait_for_removals()
    assert cloud.copies() == ["state-2"]
    assert cloud.state_dir.resolve() == cloud.application.settings.server.state_dir


async def test_a_reset_ends_the_delays_of_earlier_requests_only(cloud: Cloud) -> None:
    before = cloud.tools.faults.delays
    await cloud.controlled.reset()
    assert before.are_ended
    assert not cloud.tools.faults.delays.are_ended
    assert len(list(cloud.tools.faults)) == 1


async def test_the_control_api_says_why_a_reset_failed(cloud: Cloud) -> None:
    cloud.application.error = OSError("no space left")
    sent: list[Message] = []
    with pytest.raises(OSError, match="no space left"):  # for the log of the server
        await call_control_api(cloud, "/reset", {"type": "http.request"}, sent)
    assert [message.get("status") for message in sent] == [500, None]
    assert sent[1]["body"] == b'{"error":"no space left"}'


async def test_a_client_that_disconnects_before_the_end_of_its_rule_is_no_error(
    cloud: Cloud,
) -> None:
    await call_control_api(cloud, "/faults", {"type": "http.disconnect"}, [])
    assert len(list(cloud.tools.faults)) == 1


async def test_a_reset_during_a_reload_waits_for_its_end(cloud: Cloud) -> None:
    cloud.application.may_load.clear()
    settings = load_settings([], {"glimpse.state_dir": "/elsewhere"})
    server = replace(settings.server, client_timeout=7.0)
    reload = asyncio.create_task(cloud.controlled.reload(lambda: replace(settings, server=server)))
    await cloud.application.is_loading.wait()
    reset = asyncio.create_task(cloud.controlled.reset())
    await asyncio.wait({reset}, timeout=0.2)  # far more than a reset takes
    cloud.application.may_load.set()
    assert await reload
    await reset
    served = cloud.application.settings.server
    assert (served.state_dir, served.client_timeout) == (cloud.state_dir.resolve(), 7.0)
