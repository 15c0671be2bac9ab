"""The only module that imports uvicorn: its server with our HTTP protocol and hooks.

This module relies on parts of uvicorn that are not documented: how a server makes its protocols,
the attributes of ServerState, and the overridden methods of Server. So pyproject.toml allows only
versions of uvicorn that pass the tests. `make test-lowest` tests the lowest version, and
`make test` the locked version.
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
    """Methods that `Server` calls in its event loop."""

    def on_started(self) -> None:
        """Called once, when connections are accepted."""
        ...

    def on_tick(self, tick: int) -> None:
        """Called TICKS_PER_SECOND times per second, with 0, 1, 2, ...

        After a day, `tick` begins at 0 again.
        """
        ...

    def on_stopping(self) -> None:
        """Called once, before the server stops accepting connections."""
        ...


class UvicornHttpProtocol(HttpProtocol):
    """HttpProtocol with the parameters that uvicorn passes to a protocol class."""

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
    """uvicorn's server with HttpProtocol and uvloop; calls the methods of `hooks`.

    When the server stops, requests in progress have `graceful_timeout` seconds to end. Requests
    that take longer are then cancelled.
    """

    def __init__(self, application: ASGIApp, hooks: ServerHooks, graceful_timeout: int) -> None:
        """Configure uvicorn for `application`. Does not start to serve.

        `graceful_timeout` is in seconds: the time that requests in progress have to end when the
        server stops.
        """
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
        """Serve on listening sockets until `stop` is called, or SIGTERM or SIGINT arrives.

        Then closes the sockets, and returns True when the requests in progress have ended or were
        cancelled. SIGINT during this time cancels the requests at once, and skips the shutdown of
        the application. If the application could not start, returns False and leaves the sockets
        open.

        Call this method once, in the main thread.
        """
        try:
            self.run(sockets=list(sockets))
        except SystemExit:
            return False
        return True

    def set_graceful_timeout(self, seconds: int) -> None:
        """Set the time in seconds that requests in progress have to end when the server stops."""
        self.config.timeout_graceful_shutdown = seconds

    def stop(self) -> None:
        """Make `serve_until_stopped` end; return at once.

        At the next tick, the server stops accepting connections, and waits for the requests in
        progress. After the graceful timeout, it cancels these requests.
        """
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Override: start the application, accept connections, and call the hook `on_started`.

        Raises SystemExit if the application could not start; then the hook is not called.
        """
        await super().startup(sockets=sockets)
        self._hooks.on_started()

    async def on_tick(self, counter: int) -> bool:
        """Override: call the hook `on_tick`, then the method of uvicorn; return what it returns.

        The result is True if the server has to stop.
        """
        self._hooks.on_tick(counter)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Override: call the hook `on_stopping`, then stop the server and the application."""
        self._hooks.on_stopping()
        await super().shutdown(sockets=sockets)
