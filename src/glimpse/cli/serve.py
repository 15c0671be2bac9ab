"""``glimpse serve``: one process, or a supervisor and its workers on the same sockets."""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from glimpse.app.application import open_application
from glimpse.app.reload import ReloadableApplication
from glimpse.cli.api_listeners import ApiListener, api_listeners
from glimpse.cli.errors import CommandFailed
from glimpse.cli.interruptible import interruptible
from glimpse.cli.lifetime_log import lifetime_logged
from glimpse.cli.listening_sockets import open_socket
from glimpse.cli.metrics_listener import open_metrics
from glimpse.cli.ready_file import ReadyFile
from glimpse.cli.running_servers import RunningServer, record_running_server
from glimpse.cli.settings_arguments import (
    add_log_argument,
    add_settings_arguments,
    read_settings,
)
from glimpse.cli.startup_message import print_startup_message
from glimpse.cli.state_lock import StateLock
from glimpse.cli.testing_arguments import add_testing_arguments
from glimpse.glance_database.recent_writes import write_times
from glimpse.identity.noauth import RemoteNoAuthRefused, check_noauth_bind
from glimpse.server.file_descriptors import limit_problem
from glimpse.server.supervisor import Supervisor
from glimpse.server.systemd import report_to_systemd, watchdog_interval
from glimpse.server.worker import SIGNALS, MakeApplication, Report, run_worker
from glimpse.settings import LoadSettings, Settings
from glimpse.telemetry.log_setup import configure_logging, log_path

if TYPE_CHECKING:
    from glimpse.cli.control import ControlSetup
    from glimpse.faults.rules import FaultRule

_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``glimpse serve``: settings, log, workers and those for tests."""
    add_settings_arguments(parser)
    add_log_argument(parser)
    parser.add_argument(
        "--workers",
        dest="glimpse.workers",
        type=int,
        metavar="N",
        help="number of processes (default: 1)",
    )
    add_testing_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT, finish the requests in progress, and return 0.

    Also stops if the terminal is closed or, with --stop-with-stdin, if standard input ends or has
    data. Prints the URLs. Cancels requests that take more than ``graceful_shutdown_timeout``
    seconds to finish. SIGHUP reloads the configuration. Returns 1 if a worker cannot start.

    Raises CommandFailed if arguments exclude each other, a file, address, state or seed cannot be
    used, or too few files may be open. Raises InvalidSettings, or OSError for unusable state files.
    While a seed is written, SIGINT and SIGTERM raise KeyboardInterrupt and SystemExit.
    """
    settings = read_settings(options)
    _prepare_process(settings)
    # Signals are blocked until the server that handles them has started.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    lock = StateLock()
    with ExitStack() as stack:
        stack.callback(lock.release)
        _check_address(settings)
        settings, faults = _prepare_state(options, settings, stack, lock)
        # Before listening, so that no client connects to a server that cannot start
        _open_once(settings)
        control = _open_control(options, settings, faults, stack)
        sockets = [_api_socket(settings, each, stack) for each in api_listeners(settings)]
        settings, scrapes = open_metrics(settings, stack)
        _warn(settings.ineffective_options)
        # Before the startup message, because its reader may run `glimpse openrc` at once
        _record_addresses(settings, sockets, stack)
        print_startup_message(settings, sockets)
        report: Report = report_to_systemd
        if options.ready_file is not None:
            ready = ReadyFile(options.ready_file, settings, sockets, control)
            report = stack.enter_context(ready).report
        sockets += scrapes
        make_application: MakeApplication = ReloadableApplication
        if control is not None:
            make_application = control.make_application
            sockets += control.sockets
        load = partial(read_settings, options)
        return _serve(settings, sockets, load, make_application, lock.released_by(report), options)


def _warn(messages: Sequence[str]) -> None:
    for message in messages:
        _LOG.warning("%s", message)


def _serve(
    settings: Settings,
    sockets: Sequence[socket.socket],
    load: LoadSettings,
    make_application: MakeApplication,
    report: Report,
    options: argparse.Namespace,
) -> int:
    """Serve in this process or in several workers until stopped; return the exit status.

    The status is 1 if the application cannot start in a worker, otherwise 0. The first of `sockets`
    is that of the Compute API. Logs the start and the end. SIGNALS are ignored after the end.
    Raises CommandFailed if --stop-with-stdin is given for several workers.
    """
    watchdog = watchdog_interval()
    if settings.server.workers > 1 and options.stop_with_stdin:
        raise CommandFailed("--stop-with-stdin needs one process: leave --workers out.")
    with lifetime_logged(settings, sockets[0].getsockname()[1]), _signals_ignored_at_end():
        if settings.server.workers == 1:
            return run_worker(
                settings,
                sockets,
                load,
                report,
                make_application,
                heartbeat_interval=watchdog,
                parent_pipe=sys.stdin.fileno() if options.stop_with_stdin else None,
            )
        write_times()  # the workers share this memory, since they are forked
        return Supervisor(settings, sockets, load, make_application, watchdog, report).run()


@contextmanager
def _signals_ignored_at_end() -> Iterator[None]:
    """Ignore SIGNALS from the end of the block until the process has exited.

    Otherwise a second SIGTERM could end the process with another exit status than 0.
    """
    try:
        yield
    finally:
        # While Python exits, it restores the system's handlers, but not those of ignored signals.
        # If this thread only blocked the signals, the kernel would deliver them to another thread.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _prepare_state(
    options: argparse.Namespace, settings: Settings, stack: ExitStack, lock: StateLock
) -> tuple[Settings, "tuple[FaultRule, ...]"]:
    """Prepare and lock the state directory; return the settings to use and the seed's faults.

    Locks nothing if the directory is ephemeral, or if the settings use no embedded service. Without
    a seed, there are no faults. Raises CommandFailed, InvalidSettings or OSError if the arguments,
    the state or the seed cannot be used. Raises CommandFailed if another process has locked the
    state. While a seed is written, SIGINT raises KeyboardInterrupt, and SIGTERM raises SystemExit.
    """
    if options.seed is None and not options.ephemeral:
        if settings.has_embedded_state:
            lock.acquire(settings.server.state_dir)
        return settings, ()
    from glimpse.cli.prepared_state import prepare_state  # noqa: PLC0415  loads only when wanted

    with interruptible():  # the data of a seed may take minutes
        faults = prepare_state(options, settings, stack, lock)
    return read_settings(options), faults


def _open_control(
    options: argparse.Namespace,
    settings: Settings,
    faults: "tuple[FaultRule, ...]",
    stack: ExitStack,
) -> "ControlSetup | None":
    """Open the control API and the faults of a seed; return None if there is neither.

    Raises CommandFailed if the port cannot be used, if --control-port is given without
    --ready-file, or if there are several workers. Raises OSError if the state cannot be copied.
    """
    if options.control_port is None and not faults:
        return None
    from glimpse.cli.control import open_control  # noqa: PLC0415  loads only when wanted

    return open_control(options, settings, faults, stack)


def _prepare_process(settings: Settings) -> None:
    """Check how many files may be open, and configure logging.

    Raises CommandFailed if too few files may be open, or if the log file cannot be written.
    """
    if (problem := limit_problem()) is not None:
        raise CommandFailed(problem)
    try:
        configure_logging(settings.server)
    except OSError as error:
        path = log_path(settings.server)
        raise CommandFailed(f"cannot write the log file {path}: {error.strerror}") from None


def _check_address(settings: Settings) -> None:
    """Raise CommandFailed if other machines could use noauth without ``allow_remote_noauth``."""
    if settings.api.auth_strategy == "noauth":
        try:
            check_noauth_bind(settings.server.host, settings.api.allow_remote_noauth)
        except RemoteNoAuthRefused as error:
            raise CommandFailed(str(error)) from None


def _api_socket(settings: Settings, listener: ApiListener, stack: ExitStack) -> socket.socket:
    """Return a listening socket for an API. Closing `stack` closes the socket.

    Raises CommandFailed, which names the option to change, if the port cannot be used.
    """
    try:
        return stack.enter_context(open_socket(settings.server.host, listener.port))
    except CommandFailed as error:
        hint = f"for the {listener.api}, set [glimpse] {listener.option} or host"
        if listener.option == "port":
            hint += ", --port or --host"
        raise CommandFailed(f"{error}; {hint}") from None


def _open_once(settings: Settings) -> None:
    """Open and close the application, to find errors before the workers start.

    This also creates or migrates the files of the embedded services, which several workers must not
    do at the same time. Raises CommandFailed for any error.
    """
    state_dir = settings.server.state_dir

    async def open_and_close() -> None:
        application = await open_application(settings)
        await application.close()

    try:
        asyncio.run(open_and_close())
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename or state_dir}"
        raise CommandFailed(f"cannot open the state in {state_dir}: {why}") from None
    except Exception as error:  # noqa: BLE001  any error is printed as one line
        raise CommandFailed(str(error) or type(error).__name__) from None


def _record_addresses(
    settings: Settings, sockets: Sequence[socket.socket], stack: ExitStack
) -> None:
    """Let `glimpse openrc` and other commands find this process until `stack` is closed.

    Writes a file about this process to the state directory; does nothing if Glimpse keeps no state
    there. `sockets` are the sockets of the APIs. If the file cannot be written, logs a warning.
    """
    if not settings.has_embedded_state:
        return
    server = settings.server
    port = sockets[0].getsockname()[1]
    running = RunningServer(os.getpid(), server.host, port, server.image_port, server.identity_port)
    try:
        stack.enter_context(record_running_server(server.state_dir, running))
    except OSError as error:
        _LOG.warning("glimpse openrc will not find this process: %s", error)
