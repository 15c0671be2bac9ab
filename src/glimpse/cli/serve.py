"""Serving: one process, or a supervisor and its workers on one listening socket."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack

from glimpse.app.application import open_application
from glimpse.app.reloadable import ReloadableApplication
from glimpse.identity.noauth import RemoteNoAuthRefused, check_noauth_bind
from glimpse.server.listening_socket import listen
from glimpse.server.reload import LoadSettings
from glimpse.server.supervisor import Supervisor
from glimpse.server.systemd import watchdog_interval
from glimpse.server.worker import SIGNALS, ReportToSystemd, work
from glimpse.settings import Settings
from glimpse.telemetry.log_setup import configure_logging, log_path
from glimpse.telemetry.redaction import show

# prometheus_client's: where several processes keep their numbers, read when it is imported.
_METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_LOG = logging.getLogger(__name__)


class CannotServe(Exception):
    """Serving cannot start; the message says why."""


def serve(settings: Settings, load: LoadSettings) -> int:
    """Serve until SIGTERM or SIGINT, let requests under way end, return 0; 1 if it cannot start.

    SIGHUP has the configuration read again, with `load`.
    """
    try:
        configure_logging(settings.server)
    except OSError as error:
        path = log_path(settings.server)
        print(f"glimpse: cannot write the log file {path}: {error.strerror}", file=sys.stderr)
        return 1
    # A signal that comes before there is a server to stop waits until there is one.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    with ExitStack() as stack:
        try:
            _check_address(settings)
            _open_once(settings)  # whoever can connect finds everything in its place
            sockets = [_socket(settings.server.host, settings.server.port)]
            settings, scrapes = _open_metrics(settings, stack)
        except CannotServe as error:
            print(f"glimpse: {show(str(error))}", file=sys.stderr)
            return 1
        for note in settings.notes:
            _LOG.warning("%s", note)
        _announce(settings, sockets[0])
        sockets += scrapes
        watchdog = watchdog_interval()
        if settings.server.workers == 1:
            report = ReportToSystemd()
            return work(settings, sockets, load, report, ReloadableApplication, watchdog=watchdog)
        return Supervisor(settings, sockets, load, ReloadableApplication, watchdog).run()


def _open_metrics(settings: Settings, stack: ExitStack) -> tuple[Settings, Sequence[socket.socket]]:
    """Where scrapes are answered; without metrics if they are not possible and nobody asked."""
    if not settings.metrics.port:
        return settings, []
    try:
        if settings.server.workers > 1:
            _share_metrics(stack)
        return settings, [_socket(settings.metrics.host, settings.metrics.port)]
    except CannotServe as error:
        if settings.metrics.required:
            raise
        _LOG.warning("There is no /metrics to scrape: %s. Set [metrics] port, or 0.", error)
        return settings.without_metrics(), []


def _share_metrics(stack: ExitStack) -> None:
    """Give the workers a directory in which to keep the numbers that one of them will add up."""
    if os.environ.get(_METRICS_DIRECTORY):
        return
    # RUNTIME_DIRECTORY is systemd's, in memory; /tmp is where there is none.
    where = os.environ.get("RUNTIME_DIRECTORY")
    try:
        directory = tempfile.TemporaryDirectory(prefix="glimpse-metrics-", dir=where)
    except OSError as error:
        why = f"{error.filename or where}: {error.strerror}"
        raise CannotServe(f"no place for the workers to keep numbers: {why}") from None
    os.environ[_METRICS_DIRECTORY] = stack.enter_context(directory)


def _check_address(settings: Settings) -> None:
    if settings.api.auth_strategy == "noauth":
        try:
            check_noauth_bind(settings.server.host, settings.api.allow_remote_noauth)
        except RemoteNoAuthRefused as error:
            raise CannotServe(str(error)) from None


def _socket(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror}") from None


def _open_once(settings: Settings) -> None:
    """Make or migrate the files before any worker opens them, so that a failure is one line."""

    async def open_and_close() -> None:
        application = await open_application(settings)
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
