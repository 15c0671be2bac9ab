"""Serving: one process, or a supervisor and its workers on one listening socket."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import time
from types import FrameType

import uvicorn

from glimpse.application import build
from glimpse.http.protocol import HttpProtocol
from glimpse.identity.noauth import RemoteNoAuthRefused, check_noauth_bind
from glimpse.logs import configure_logging
from glimpse.settings import Settings

_BACKLOG = 2048
_SHORT_LIFE = 1.0  # seconds: a worker that ends sooner is not replaced at once
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class CannotServe(Exception):
    """Serving cannot start; the message says why."""


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, let requests under way end, return 0; 1 if it cannot start."""
    configure_logging(settings.server)
    # A signal that comes before there is a server to stop waits until there is one.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        _check_address(settings)
        _open_once(settings)  # whoever can connect finds everything in its place
        sock = _listen(settings)
    except CannotServe as error:
        print(f"glimpse: {error}", file=sys.stderr)
        return 1
    _announce(settings, sock)
    if settings.server.workers == 1:
        return _serve_here(settings, sock)
    return _Supervisor(settings, sock).run()


def _check_address(settings: Settings) -> None:
    if settings.api.auth_strategy == "noauth":
        try:
            check_noauth_bind(settings.server.host, settings.api.allow_remote_noauth)
        except RemoteNoAuthRefused as error:
            raise CannotServe(str(error)) from None


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.server.host, settings.server.port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror}") from None


def _open_once(settings: Settings) -> None:
    """Make or migrate the files before any worker opens them, so that a failure is one line."""
    application = build(settings)

    async def open_and_close() -> None:
        await application.open()
        await application.close()

    try:
        asyncio.run(open_and_close())
    except Exception as error:  # noqa: BLE001  whatever it is, the operator reads one line
        raise CannotServe(str(error) or type(error).__name__) from None


def _announce(settings: Settings, sock: socket.socket) -> None:
    host, port = sock.getsockname()[:2]
    base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"Glimpse listens on {base_url}, state in {settings.server.state_dir}")
    if settings.api.auth_strategy == "embedded":
        where = "" if port == 8774 else f" --port {port}"  # noqa: PLR2004  the default
        where += f" --state-dir {settings.server.state_dir}"
        login = f'eval "$({_command()} openrc{where})"'
        print(f"Next, in another shell:  {login} && openstack image list")
    sys.stdout.flush()


def _command() -> str:
    """How to call this command from a shell of the same user."""
    return "glimpse" if shutil.which("glimpse") else f"{sys.executable} -m glimpse"


def _serve_here(settings: Settings, sock: socket.socket) -> int:
    config = uvicorn.Config(
        build(settings),
        http=HttpProtocol,
        loop="uvloop",
        lifespan="on",
        log_config=None,  # `logs.configure_logging` has said where to
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=settings.server.graceful_shutdown_timeout,
    )
    server = uvicorn.Server(config)
    for number in _STOP_SIGNALS:
        signal.signal(number, server.handle_exit)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    server.run(sockets=[sock])
    return 0 if server.started or server.should_exit else 1


class _Supervisor:
    """Keeps `workers` processes serving one socket; replaces one that died."""

    def __init__(self, settings: Settings, sock: socket.socket) -> None:
        self._settings = settings
        self._socket = sock
        self._started: dict[int, float] = {}
        self._stopping = False
        self._status = 0

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return 0 when all workers have drained."""
        for number in _STOP_SIGNALS:
            signal.signal(number, self._stop)
        for _ in range(self._settings.server.workers):
            self._start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        while self._started:
            pid, status = os.wait()
            signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
            started = self._started.pop(pid)
            if not self._stopping:
                self._replace(os.waitstatus_to_exitcode(status), started)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        return self._status

    def _replace(self, exit_status: int, started: float) -> None:
        """Start another worker; not when one could not even start, as another would not either."""
        if exit_status == 1:
            self._status = 1
            self._stop(signal.SIGTERM, None)
            return
        if time.monotonic() - started < _SHORT_LIFE:
            time.sleep(_SHORT_LIFE)
        self._start()

    def _start(self) -> None:
        """Fork a worker; signals are blocked meanwhile, so that a stop misses none."""
        pid = os.fork()
        if pid == 0:
            os._exit(_serve_here(self._settings, self._socket))
        self._started[pid] = time.monotonic()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        for pid in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
