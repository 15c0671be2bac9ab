"""ResettableApplication: serves a cloud for tests and its control API; resets the state."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from starlette.types import Receive, Scope, Send

from glimpse.control.control_api import ControlTools, make_control_api
from glimpse.control.state_copies import StateCopies
from glimpse.server.worker import ServedApplication
from glimpse.settings import LoadSettings, Settings


class ReplaceableApplication(ServedApplication, Protocol):
    """An application that can serve with other settings from one request to the next."""

    async def replace(self, settings: Settings, on_closed: Callable[[], None]) -> None:
        """Open a new application with `settings`, and serve new requests with the new application.

        Returns when the new application is open. The old application finishes its requests, imports
        and snapshots in the background. Then it is closed, and `on_closed` is called. If the
        process stops before, `on_closed` is not called. If the new application cannot be opened,
        changes nothing and raises an error of `open_application`, such as InvalidSettings, OSError
        or UnusableCatalog.
        """
        ...


class ResettableApplication:
    """Serves the control API at `port`; passes all other requests on to `application`.

    Clients of the control API send `token`. `tools` has the faults and the request log. `copies`
    makes the state directories for resets, or is None if the cloud cannot be reset. Only one reset
    or reload runs at a time; another one waits.
    """

    def __init__(
        self,
        application: ReplaceableApplication,
        port: int,
        token: str,
        tools: ControlTools,
        copies: StateCopies | None,
    ) -> None:
        self._application = application
        self._port = port
        self._tools = tools
        self._copies = copies
        self._replacing = asyncio.Lock()  # only one reset or reload at a time
        self._api = make_control_api(token, tools, self.reset if copies is not None else None)

    @property
    def settings(self) -> Settings:
        """The settings of the application."""
        return self._application.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Lifespan events go to the application."""
        server = scope.get("server")
        if scope["type"] == "http" and server and server[1] == self._port:
            await self._api(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def reload(self, load: LoadSettings) -> bool:
        """Serve new requests with the settings that `load` returns, and return True.

        The state directory stays the same, even if the new settings name another one, and so do
        options that need a restart. If `load` raises or the settings cannot be used, logs an error,
        keeps the present settings and returns False.
        """
        async with self._replacing:
            state_dir = self._state_dir
            return await self._application.reload(lambda: self._with_state(load(), state_dir))

    async def reset(self) -> None:
        """Serve new requests with the state that the cloud had at the start; also reset `tools`.

        Requests, imports and snapshots in progress keep the old state. When all of these have
        ended, the directory of the old state is removed. Faults with ``saving_for`` no longer delay
        the work in progress: a delayed upload is cancelled, and a delayed job stores its data at
        once.

        Raises RuntimeError if `copies` is None, and OSError if the state cannot be copied. Raises
        an error of `open_application`, such as UnusableCatalog, if the application cannot be opened
        with the copy. After an error or a cancellation, the present state and `tools` stay in use.
        If the call is cancelled while the state is copied, the new copy is not removed.
        """
        async with self._replacing:
            if self._copies is None:
                raise RuntimeError("There are no copies of the state.")
            old, new = self._state_dir, await asyncio.to_thread(self._copies.make)
            remove_old = partial(_remove_in_background, old)
            try:
                self._copies.link(new)  # before `old` is removed
                await self._application.replace(self._with_state(self.settings, new), remove_old)
            except BaseException:
                _remove_in_background(new)
                self._copies.link(old)
                raise
            old_delays = self._tools.faults.delays
            self._tools.reset()
            old_delays.end()

    @property
    def _state_dir(self) -> Path:
        return self.settings.server.state_dir

    @staticmethod
    def _with_state(settings: Settings, state_dir: Path) -> Settings:
        return replace(settings, server=replace(settings.server, state_dir=state_dir))


def _remove_in_background(directory: Path) -> None:
    """Remove a directory in a thread, so that requests do not wait for a slow disk.

    Returns at once. Errors are ignored.
    """
    remove = partial(shutil.rmtree, directory, ignore_errors=True)
    asyncio.get_running_loop().run_in_executor(None, remove)
