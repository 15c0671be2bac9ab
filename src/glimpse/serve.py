"""Serving: one process, or a supervisor and its workers on one listening socket."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from types import FrameType

import uvicorn

from glimpse.application import build
from glimpse.http.protocol import HttpProtocol
from glimpse.identity.noauth import RemoteNoAuthRefused, check_noauth_bind
from glimpse.settings import Settings

_BACKLOG = 2048


class CannotServe(Exception):
    """Serving cannot start; the message says why."""


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, let requests under way end, return 0; 1 if it cannot start."""
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
        print(f'Next, in another shell:  eval "$(glimpse openrc{where})" && openstack image list')
    sys.stdout.flush()


def _serve_here(settings: Settings, sock: socket.socket) -> int:
    config = uvicorn.Config(
        build(settings),
        http=HttpProtocol,
        loop="uvloop",
        lifespan="on",
        log_level="debug" if settings.server.debug else "warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=settings.server.graceful_shutdown_timeout,
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal again when it has drained; a drained stop is a success.
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, _raise_interrupt)
        server.run(sockets=[sock])
    return 0 if server.started else 1


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Supervisor:
    """Keeps `workers` processes serving one socket; replaces one that died."""

    def __init__(self, settings: Settings, sock: socket.socket) -> None:
        self._settings = settings
        self._socket = sock
        self._workers: set[int] = set()
        self._stopping = False

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return 0 when all workers have drained."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        for _ in range(self._settings.server.workers):
            self._start()
        while self._workers:
            pid, status = os.wait()
            self._workers.discard(pid)
            if not self._stopping:
                if os.waitstatus_to_exitcode(status) == 1:
                    self._stop(signal.SIGTERM, None)  # it could not start: another would not
                    return 1
                self._start()
        return 0

    def _start(self) -> None:
        pid = os.fork()
        if pid:
            self._workers.add(pid)
            return
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os._exit(_serve_here(self._settings, self._socket))

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        for pid in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
