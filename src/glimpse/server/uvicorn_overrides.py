"""The only module that imports uvicorn: its server with our HTTP protocol and hooks.

uvicorn documents neither how a server makes its protocols, what a protocol may use of the server's
state, nor the methods of Server that are overridden here. So pyproject.toml allows only versions
with which the tests have passed: `make test-lowest` runs them with the lowest, `make test` with the
locked one.
"""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, Protocol

import uvicorn
from starlette.types import ASGIApp

from glimpse.server.http_protocol import HttpProtocol
from glimpse.server.server_state import ServerState

TICKS_PER_SECOND = 10


class ServerHooks(Protocol):
    """Callbacks of a server, called in its event loop."""

    def on_started(self) -> None:
        """Called once, when connections are accepted."""
        ...

    def on_tick(self, tick: int) -> None:
        """Called TICKS_PER_SECOND times per second with 0, 1, 2, ..., after a day with 0 again."""
        ...

    def on_stopping(self) -> None:
        """Called once, before the server stops accepting connections."""
        ...


class UvicornHttpProtocol(HttpProtocol):
    """HttpProtocol with the constructor that uvicorn calls."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        loop = _loop or asyncio.get_running_loop()
        super().__init__(config.loaded_app, server_state, app_state, loop)


class Server(uvicorn.Server):
    """uvicorn's server with HttpProtocol, on uvloop, and with `hooks` that it calls."""

    def __init__(self, application: ASGIApp, hooks: ServerHooks, graceful_timeout: int) -> None:
        """Requests in progress have `graceful_timeout` seconds to end when the server stops."""
        super().__init__(
            uvicorn.Config(
                application,
                http=UvicornHttpProtocol,
                loop="uvloop",
                lifespan="on",
                log_config=None,  # `telemetry.log_setup` has configured logging
                access_log=False,
                proxy_headers=False,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=graceful_timeout,
            )
        )
        self._hooks = hooks

    def serve_until_stopped(self, sockets: Sequence[socket.socket]) -> bool:
        """Serve on listening sockets; return when `stop` or uvicorn's `handle_exit` was called.

        The result is True when the requests in progress have ended or were cancelled; then the
        sockets are closed. It is False if the application could not start.
        """
        try:
            self.run(sockets=list(sockets))
        except SystemExit:
            return False
        return True

    def set_graceful_timeout(self, seconds: int) -> None:
        """Change the seconds that requests in progress have to end when the server stops."""
        self.config.timeout_graceful_shutdown = seconds

    def stop(self) -> None:
        """Stop accepting connections, and make `serve_until_stopped` return.

        Returns at once; the next tick begins the shutdown. The requests in progress end first.
        Those that take longer than the graceful timeout are cancelled.
        """
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Override: start the application, accept connections, call the hook `on_started`.

        Raises SystemExit if the application could not start.
        """
        await super().startup(sockets=sockets)
        self._hooks.on_started()

    async def on_tick(self, counter: int) -> bool:
        """Override: call the hook `on_tick`. Return True if the server is to stop."""
        self._hooks.on_tick(counter)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Override: call the hook `on_stopping`; then end the requests and the application."""
        self._hooks.on_stopping()
        await super().shutdown(sockets=sockets)
