"""A worker: the process that serves. It tells whoever keeps it how it is doing."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import uvicorn
from starlette.types import Receive, Scope, Send

from glimpse.server.allocator import return_free_pages, return_large_blocks
from glimpse.server.client_timeouts import ClientTimeouts
from glimpse.server.file_descriptors import DESCRIPTORS
from glimpse.server.http_protocol import HttpProtocol
from glimpse.server.reload import LoadSettings
from glimpse.server.systemd import notify, notify_reloading
from glimpse.settings import Settings
from glimpse.telemetry.log_setup import reopen_logs

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_TICKS_A_SECOND = 10  # uvicorn's
_TICKS_BETWEEN_TRIMS = 30 * _TICKS_A_SECOND

News = Literal["serving", "alive", "reloaded", "kept"]


class Report(Protocol):
    """Who wants to know: systemd, or the supervisor that speaks to it for all workers."""

    def tell(self, news: News) -> None:
        """`reloaded` and `kept` are the two ways in which reading the configuration can end."""
        ...

    def reloading(self) -> None:
        """The configuration is about to be read again."""
        ...

    def stopping(self) -> None:
        """No request is accepted any more."""
        ...


class ServedApplication(Protocol):
    """An ASGI application that can take up a new configuration between two requests."""

    settings: Settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan events."""
        ...

    async def reload(self, load: LoadSettings) -> bool:
        """Serve new requests by the settings that `load` returns; return False if it cannot."""
        ...


MakeApplication = Callable[[Settings], ServedApplication]


class ReportToSystemd:
    """The report of a process that works alone."""

    def tell(self, news: News) -> None:
        """See Report."""
        notify("WATCHDOG=1" if news == "alive" else "READY=1")

    def reloading(self) -> None:
        """See Report."""
        notify_reloading()

    def stopping(self) -> None:
        """See Report."""
        notify("STOPPING=1")


class Terminal:
    """The terminal that the command was started in, if it was.

    A terminal that goes away sends SIGHUP to all that it started, and means that they end.
    """

    def __init__(self) -> None:
        self._was_there = os.isatty(0)

    def is_gone(self) -> bool:
        """Whether there was one, and is none any more."""
        return self._was_there and not os.isatty(0)


def work(
    settings: Settings,
    sockets: Sequence[socket.socket],
    load: LoadSettings,
    report: Report,
    make_application: MakeApplication,
    *,
    watchdog: float | None,
    keeper: int | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT; reload on SIGHUP. Returns 0, or 1 if it could not start.

    SIGNALS are blocked when this is called; they are taken from the moment it can act on them.
    `watchdog` is the number of seconds between signs of life, `keeper` a file descriptor that ends
    when the supervisor does: then this process ends too.
    """
    return_large_blocks()
    application = make_application(settings)
    ClientTimeouts.client_timeout = settings.server.client_timeout
    config = uvicorn.Config(
        application,
        http=HttpProtocol,
        loop="uvloop",
        lifespan="on",
        log_config=None,  # `log_setup.configure_logging` has said where to
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=settings.server.graceful_shutdown_timeout,
    )
    server = _Server(config, application, load, report)
    server.watch(watchdog, keeper)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
    try:
        server.run(sockets=list(sockets))
    except SystemExit:
        return 1  # uvicorn's way to say that the application could not start
    return 0


class _Server(uvicorn.Server):
    """uvicorn's server, with reloads and reports."""

    def __init__(
        self,
        config: uvicorn.Config,
        application: ServedApplication,
        load: LoadSettings,
        report: Report,
    ) -> None:
        super().__init__(config)
        self._application = application
        self._load = load
        self._report = report
        self._beat: int | None = None
        self._keeper: int | None = None
        self._again = False
        self._reloading: asyncio.Task[None] | None = None
        self._terminal = Terminal()

    def watch(self, watchdog: float | None, keeper: int | None) -> None:
        """See `work`."""
        self._beat = max(1, int(watchdog * _TICKS_A_SECOND)) if watchdog else None
        self._keeper = keeper

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then to take SIGHUP."""
        await super().startup(sockets=sockets)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP,))
        if self._keeper is not None:
            loop.add_reader(self._keeper, self._keeper_ended)
        self._report.tell("serving")

    async def on_tick(self, counter: int) -> bool:
        """Give a sign of life now and then: from the loop, so that it says the loop turns."""
        if self._beat and counter % self._beat == 0:
            self._report.tell("alive")
        if counter % _TICKS_A_SECOND == 0:
            DESCRIPTORS.update_limit()
            DESCRIPTORS.check()
        if counter % _TICKS_BETWEEN_TRIMS == 0:
            return_free_pages()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests under way end."""
        self._report.stopping()
        await super().shutdown(sockets=sockets)

    def _keeper_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._keeper or 0)
        os.kill(os.getpid(), signal.SIGTERM)

    def _reload(self) -> None:
        """Read the configuration again; once more after that if told so meanwhile."""
        if self._terminal.is_gone():
            self.should_exit = True
        if self.should_exit:
            return
        if self._reloading is not None:
            self._again = True
            return
        self._report.reloading()
        self._reloading = asyncio.create_task(self._read_again())

    async def _read_again(self) -> None:
        reopen_logs(
            self._application.settings.server
        )  # moved away, perhaps, whatever the files say now
        worked = await self._application.reload(self._load)
        if worked:
            settings = self._application.settings.server
            ClientTimeouts.client_timeout = settings.client_timeout
            self.config.timeout_graceful_shutdown = settings.graceful_shutdown_timeout
            reopen_logs(settings)
        self._reloading = None
        self._report.tell("reloaded" if worked else "kept")
        if self._again:
            self._again = False
            self._reload()
