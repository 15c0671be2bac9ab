"""Serving: one process, or a supervisor and its workers on one listening socket."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from glimpse.application import build
from glimpse.identity.noauth import RemoteNoAuthRefused, check_noauth_bind
from glimpse.logs import configure_logging
from glimpse.process import Load
from glimpse.settings import Settings
from glimpse.supervisor import Supervisor
from glimpse.systemd import watchdog_interval
from glimpse.worker import SIGNALS, ReportToSystemd, work

_BACKLOG = 2048
# prometheus_client's: where several processes keep their numbers, read when it is imported.
_METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_LOG = logging.getLogger(__name__)


class CannotServe(Exception):
    """Serving cannot start; the message says why."""


def serve(settings: Settings, load: Load) -> int:
    """Serve until SIGTERM or SIGINT, let requests under way end, return 0; 1 if it cannot start.

    SIGHUP has the configuration read again, with `load`.
    """
    configure_logging(settings.server)
    # A signal that comes before there is a server to stop waits until there is one.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        _check_address(settings)
        _open_once(settings)  # whoever can connect finds everything in its place
        sockets = _listen(settings)
    except CannotServe as error:
        print(f"glimpse: {error}", file=sys.stderr)
        return 1
    for note in settings.notes:
        _LOG.warning("%s", note)
    _announce(settings, sockets[0])
    watchdog = watchdog_interval()
    if settings.server.workers == 1:
        return work(settings, sockets, load, ReportToSystemd(), watchdog=watchdog)
    with _shared_metrics(settings):
        return Supervisor(settings, sockets, load, watchdog).run()


@contextmanager
def _shared_metrics(settings: Settings) -> Iterator[None]:
    """Give the workers a directory in which to keep the numbers that one of them will add up."""
    if not settings.metrics.port or os.environ.get(_METRICS_DIRECTORY):
        yield
        return
    # RUNTIME_DIRECTORY is systemd's, in memory; /tmp is where there is none.
    where = os.environ.get("RUNTIME_DIRECTORY")
    with tempfile.TemporaryDirectory(prefix="glimpse-metrics-", dir=where) as directory:
        os.environ[_METRICS_DIRECTORY] = directory
        yield


def _check_address(settings: Settings) -> None:
    if settings.api.auth_strategy == "noauth":
        try:
            check_noauth_bind(settings.server.host, settings.api.allow_remote_noauth)
        except RemoteNoAuthRefused as error:
            raise CannotServe(str(error)) from None


def _listen(settings: Settings) -> Sequence[socket.socket]:
    """The sockets to serve on, the API's first."""
    server, metrics = settings.server, settings.metrics
    sockets = [_socket(server.host, server.port)]
    if metrics.port:
        try:
            sockets.append(_socket(metrics.host, metrics.port))
        except CannotServe as error:
            if metrics.required:
                raise
            _LOG.warning("There is no /metrics to scrape: %s. Set [metrics] port, or 0.", error)
    return sockets


def _socket(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror}") from None


def _open_once(settings: Settings) -> None:
    """Make or migrate the files before any worker opens them, so that a failure is one line."""

    async def open_and_close() -> None:
        application = build(settings)
        await application.open()
        await application.close()

    try:
        asyncio.run(open_and_close())
    except OSError as error:
        raise CannotServe(f"{error.strerror or error}: {error.filename or ''}") from None
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
