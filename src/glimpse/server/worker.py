"""The worker: a process that serves, reloads on SIGHUP and reports its events."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from starlette.types import Receive, Scope, Send

from glimpse.server.client_timeouts import ClientTimeouts
from glimpse.server.file_descriptors import DESCRIPTORS
from glimpse.server.malloc import configure_malloc, trim_heap
from glimpse.server.uvicorn_overrides import TICKS_PER_SECOND, Server
from glimpse.settings import LoadSettings, Settings
from glimpse.telemetry.log_setup import reopen_logs

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_TICKS_PER_TRIM = 30 * TICKS_PER_SECOND

WorkerEvent = Literal[
    "started",  # the process accepts connections
    "heartbeat",  # the event loop is not blocked
    "reload started",
    "reloaded",
    "reload failed",  # the process still serves with its previous configuration
    "stopping",  # the process accepts no more connections
]
Report = Callable[[WorkerEvent], None]  # to systemd, or to the supervisor


class ServedApplication(Protocol):
    """An ASGI application whose configuration can be replaced between two requests."""

    @property
    def settings(self) -> Settings:
        """The present settings."""
        ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan events."""
        ...

    async def reload(self, load: LoadSettings) -> bool:
        """Serve new requests with the settings that `load` returns, and return True.

        `load` runs in a thread. Options that need a restart, such as the ports, stay as they are.
        If `load` raises or the settings cannot be used, log an error, keep the present settings and
        return False.
        """
        ...


MakeApplication = Callable[[Settings], ServedApplication]


class Terminal:
    """Tells if the terminal of the process has been closed since this object was made.

    When the terminal is closed, the kernel sends SIGHUP to the process, which then has to stop.
    After any other SIGHUP, the process reloads.
    """

    def __init__(self) -> None:
        self._was_open = os.isatty(0)

    def is_closed(self) -> bool:
        """Return True if standard input was a terminal at first, and the terminal is closed now."""
        return self._was_open and not os.isatty(0)


def run_worker(
    settings: Settings,
    sockets: Sequence[socket.socket],
    load: LoadSettings,
    report: Report,
    make_application: MakeApplication,
    *,
    heartbeat_interval: float | None,
    parent_pipe: int | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT; reload on SIGHUP. Return the exit status of the process.

    Also stops if the terminal is closed, or if the supervisor exits: `parent_pipe` then becomes
    readable. `parent_pipe` is None if there is no supervisor.

    Returns 0 when the requests in progress have ended. The graceful shutdown timeout, or SIGINT
    during the shutdown, cancels the requests. Returns 1 if the application could not start. Raises
    what `make_application` raises.

    `load` reads the configuration for a reload. `report` is called with each WorkerEvent of this
    process. `heartbeat_interval` is in seconds, None for no heartbeats.

    Call this function in the main thread. Block SIGNALS before the call; each signal is unblocked
    when the signal's handler is set. Configures malloc for the whole process.
    """
    configure_malloc()
    application = make_application(settings)
    ClientTimeouts.client_timeout = settings.server.client_timeout
    worker = _Worker(application, load, report, heartbeat_interval, parent_pipe)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.server.handle_exit)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
    return 0 if worker.server.serve_until_stopped(sockets) else 1


class _Worker:
    """The server of this worker process, with heartbeats, reloads and periodic tasks."""

    def __init__(
        self,
        application: ServedApplication,
        load: LoadSettings,
        report: Report,
        heartbeat_interval: float | None,
        parent_pipe: int | None,
    ) -> None:
        self.server = Server(
            application, self, application.settings.server.graceful_shutdown_timeout
        )
        self._application = application
        self._load = load
        self._report = report
        self._parent_pipe = parent_pipe
        self._ticks_per_heartbeat = (
            max(1, int(heartbeat_interval * TICKS_PER_SECOND)) if heartbeat_interval else None
        )
        self._terminal = Terminal()
        self._reload_task: asyncio.Task[None] | None = None
        self._should_reload_again = False

    def on_started(self) -> None:
        """Start to handle SIGHUP and the end of the parent process, and report "started"."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP,))
        if self._parent_pipe is not None:
            loop.add_reader(self._parent_pipe, self._on_parent_exit)
        self._report("started")

    def on_tick(self, tick: int) -> None:
        """Report a heartbeat, check file descriptors, return free memory: each at its interval.

        The intervals are `heartbeat_interval`, a second, and 30 seconds. The server calls this
        method TICKS_PER_SECOND times per second, and `tick` is the number of the call. While the
        event loop is blocked, there are no calls, so the supervisor gets no heartbeats.
        """
        if self._ticks_per_heartbeat and tick % self._ticks_per_heartbeat == 0:
            self._report("heartbeat")
        if tick % TICKS_PER_SECOND == 0:
            DESCRIPTORS.update_limit()
            DESCRIPTORS.log_if_exhausted()
        if tick % _TICKS_PER_TRIM == 0:
            trim_heap()

    def on_stopping(self) -> None:
        """Report that the server is stopping."""
        self._report("stopping")

    def _on_parent_exit(self) -> None:
        """Send SIGTERM to this process, so that it stops."""
        asyncio.get_running_loop().remove_reader(self._parent_pipe or 0)
        os.kill(os.getpid(), signal.SIGTERM)

    def _on_hangup(self) -> None:
        """Handle SIGHUP: stop if the terminal was closed, otherwise start a reload.

        If SIGHUP arrives during a reload, one more reload follows, even after several SIGHUPs.
        While the server stops, SIGHUP does nothing.
        """
        if self._terminal.is_closed():
            self.server.stop()
        if self.server.should_exit:
            return
        if self._reload_task is not None:
            self._should_reload_again = True
            return
        self._report("reload started")
        self._reload_task = asyncio.create_task(self._reload())

    async def _reload(self) -> None:
        """Reload the application and the settings of this process's server; report the result.

        If the reload fails, the settings stay as they are. Opens the log file again in both cases.
        Starts another reload if SIGHUP arrived during this reload.
        """
        reopen_logs(self._application.settings.server)  # even if the configuration is invalid
        reloaded = await self._application.reload(self._load)
        if reloaded:
            settings = self._application.settings.server
            ClientTimeouts.client_timeout = settings.client_timeout
            self.server.set_graceful_timeout(settings.graceful_shutdown_timeout)
            reopen_logs(settings)
        self._reload_task = None
        self._report("reloaded" if reloaded else "reload failed")
        if self._should_reload_again:
            self._should_reload_again = False
            self._on_hangup()
