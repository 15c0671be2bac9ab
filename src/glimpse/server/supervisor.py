"""Supervisor: the process that forks workers, passes on signals and reports to systemd.

`worker_pool` decides when workers start, reload and stop; this module makes the system calls.
"""

import contextlib
import logging
import mmap
import os
import select
import signal
import socket
from collections.abc import Sequence
from typing import cast

from glimpse.server.systemd import report_to_systemd
from glimpse.server.worker import (
    SIGNALS,
    MakeApplication,
    Report,
    Terminal,
    WorkerEvent,
    run_worker,
)
from glimpse.server.worker_pool import WorkerPool
from glimpse.settings import LoadSettings, Settings

_log = logging.getLogger(__name__)

_HANDLED_SIGNALS = (*SIGNALS, signal.SIGCHLD)


class Supervisor:
    """Runs a WorkerPool: forks its workers, and passes signals and events to the pool.

    Call `run` once, in the main thread; `run` returns when the service has stopped. The other
    public methods are for the pool. `run` handles signals and events one after another, never in a
    signal handler.

    `sockets` are the listening sockets, which the workers inherit. `load` reads the configuration
    for a reload. Workers make their application with `make_application`. `heartbeat_interval` is in
    seconds, None for no heartbeats. `report` is called with the events of the service as a whole.
    """

    def __init__(
        self,
        settings: Settings,
        sockets: Sequence[socket.socket],
        load: LoadSettings,
        make_application: MakeApplication,
        heartbeat_interval: float | None,
        report: Report = report_to_systemd,
    ) -> None:
        self._pool = WorkerPool(settings, load, self, report, heartbeat_interval)
        self._has_metrics = bool(settings.metrics.port)
        self._sockets = sockets
        self._load = load
        self._make_application = make_application
        self._heartbeat_interval = heartbeat_interval
        self._terminal = Terminal()
        self._event_pipe = _pipe()
        self._incomplete_line = b""
        # In memory that the workers share, since they are forked: see `set_reload_number`
        self._reload_number = memoryview(mmap.mmap(-1, 8)).cast("Q")
        self._begun_reload = 0  # in a worker: the number that its last reload had at its start
        # Nothing is written to this pipe, and only this process has the write end. So the read end
        # becomes readable for the workers when this process has exited, even if it was killed.
        self._supervisor_pipe = _pipe()

    def run(self) -> int:
        """Start the workers, and return the exit status when all of them have stopped.

        SIGTERM and SIGINT stop the workers. SIGHUP reloads the workers, or stops them if the
        terminal was closed. The status is 1 if the application could not start, otherwise 0. Signal
        handlers stay set after the return.

        Raises OSError if one of the first workers cannot be forked. The workers that were forked
        before go on until this process exits.

        Block SIGNALS before the call; this method unblocks SIGNALS when their handlers are set.
        """
        signal_pipe = _pipe()
        signal.set_wakeup_fd(signal_pipe[1], warn_on_full_buffer=False)
        for handled in _HANDLED_SIGNALS:
            signal.signal(handled, _do_nothing)
        self._pool.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        while not self._pool.is_empty:
            pipes = (signal_pipe[0], self._event_pipe[0])
            select.select(pipes, (), (), self._pool.seconds_until_due())
            for number in sorted(set(_read(signal_pipe[0]))):
                self._handle_signal(signal.Signals(number))
            self._handle_events()
            self._pool.run_due()
        return self._pool.exit_status

    def start(self, settings: Settings) -> int:
        """Fork a worker process with these settings; return its process id.

        Raises OSError if the fork fails. In the worker process, this method does not return: the
        process exits with the status of `run_worker`. If `run_worker` raises an exception, the
        worker process logs the exception and exits with 1. SIGNALS stay blocked in the worker until
        the worker has handlers for SIGNALS, so that no signal is lost.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = os.fork()
        except OSError:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            raise
        if pid == 0:
            status = 1
            try:
                status = self._run_worker(settings)
            except BaseException:  # noqa: BLE001  whatever it is, the process exits
                _log.exception("A worker process stopped because of this error:")
            finally:  # never return into the code of the supervisor
                os._exit(status)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return pid

    def send_signal(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to a worker process; do nothing if the process has exited."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def set_reload_number(self, number: int) -> None:
        """Set the number that workers report with the result of their next reload.

        Call this method before SIGHUP is sent to the workers.
        """
        self._reload_number[0] = number

    def close_sockets(self) -> None:
        """Close the listening sockets of this process; workers have copies of them."""
        for listener in self._sockets:
            listener.close()

    def _run_worker(self, settings: Settings) -> int:
        """Serve in the worker process; return the result of `run_worker`, or raise its errors.

        First undoes the supervisor's handling of SIGCHLD and its wake-up pipe. Also closes the
        write end of the pipe by which workers notice that the supervisor has exited: only the
        supervisor may have this end open.
        """
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._supervisor_pipe[1])
        return run_worker(
            settings,
            self._sockets,
            self._load,
            self._report_to_supervisor,
            self._make_application,
            heartbeat_interval=self._heartbeat_interval,
            parent_pipe=self._supervisor_pipe[0],
        )

    def _report_to_supervisor(self, event: WorkerEvent) -> None:
        """Write an event to the pipe; called in a worker. Never blocks, and raises nothing.

        The line has the process id, a reload number and the event. The reload number is 0 at first.
        When a reload starts, it becomes the number of the last call of `set_reload_number`.

        The event is lost if the supervisor has exited, or if the pipe is full because the
        supervisor does not read. A line is never written in part, because it is short (PIPE_BUF).
        """
        if event == "reload started":
            self._begun_reload = self._reload_number[0]
        with contextlib.suppress(OSError):
            line = f"{os.getpid()} {self._begun_reload} {event}\n"
            os.write(self._event_pipe[1], line.encode())

    def _handle_signal(self, number: signal.Signals) -> None:
        """Reap workers after SIGCHLD, reload after SIGHUP, stop after SIGTERM and SIGINT.

        If the terminal was closed, SIGHUP stops the workers instead of reloading them.
        """
        if number == signal.SIGCHLD:
            self._reap_workers()
        elif number == signal.SIGHUP and not self._terminal.is_closed():
            self._pool.reload()
        else:
            self._pool.stop()

    def _reap_workers(self) -> None:
        """Reap all child processes that have exited, and pass their exit statuses to the pool.

        The pool ignores those that are not workers. If metrics are configured, also removes the
        workers' metrics of requests in progress.
        """
        while not self._pool.is_empty:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._has_metrics:
                # imported only if metrics are configured
                from glimpse.telemetry.metrics import remove_worker_metrics  # noqa: PLC0415

                remove_worker_metrics(pid)
            self._pool.on_exit(pid, os.waitstatus_to_exitcode(status))

    def _handle_events(self) -> None:
        """Read the events that are in the pipe, and pass them to the pool.

        The beginning of an incomplete line is kept for the next call.
        """
        received = self._incomplete_line + _read(self._event_pipe[0])
        *lines, self._incomplete_line = received.split(b"\n")
        for line in lines:
            pid, reload_number, event = line.decode().split(" ", 2)
            self._pool.on_event(int(pid), cast("WorkerEvent", event), int(reload_number))


def _do_nothing(_number: int, _frame: object) -> None:
    """Do nothing: a signal with a handler makes Python write its number to the wake-up pipe."""


def _pipe() -> tuple[int, int]:
    """Return the read end and the write end of a new pipe; both are non-blocking."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    return reader, writer


def _read(pipe: int) -> bytes:
    """Return the bytes in a non-blocking pipe, at most 64 KiB; empty if the pipe is empty."""
    try:
        return os.read(pipe, 65536)
    except BlockingIOError:
        return b""
