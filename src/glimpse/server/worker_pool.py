"""WorkerPool: decides when worker processes start, reload and stop.

The pool makes no system calls: `supervisor` makes them, and implements WorkerProcesses.
"""

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from glimpse.server.fixed_settings import keep_fixed_settings
from glimpse.server.worker import Report, WorkerEvent
from glimpse.settings import LoadSettings, Settings
from glimpse.telemetry.log_setup import reopen_logs

_LOG = logging.getLogger(__name__)
_BACKOFF = 1.0  # seconds; a worker that ran for a shorter time is replaced after this delay
_MISSED_HEARTBEATS = 2  # a worker without an event for so many intervals counts as blocked
_STARTUP_FAILURE = 1  # exit status of `run_worker`


class WorkerProcesses(Protocol):
    """The system calls that a pool makes."""

    def start(self, settings: Settings) -> int:
        """Start a worker process that has these settings; return its process id.

        Raises OSError if the process cannot be started.
        """
        ...

    def send_signal(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to a worker process; do nothing if the process has exited."""
        ...

    def set_reload_number(self, number: int) -> None:
        """Give the workers the number of the latest reload; call this before SIGHUP is sent.

        A worker reads the number when it begins a reload, before it loads the configuration. The
        worker reports the result of that reload with this number.
        """
        ...

    def close_sockets(self) -> None:
        """Close the supervisor's copies of the listening sockets."""
        ...


@dataclass
class _WorkerState:
    """The state of a worker process, from its events. Times are the clock's, in seconds.

    `reported_at` is when the worker's last event arrived, or when the worker started.
    `awaited_reload` is the number of the reload that the worker has yet to finish; 0 for none.
    """

    started_at: float
    reported_at: float
    is_serving: bool = False
    awaited_reload: int = 0


class WorkerPool:
    """Keeps `settings.server.workers` processes running; reloads and stops them together.

    The supervisor drives the pool with these calls:

    - `start` once, at the beginning
    - `on_event` for each event of a worker, and `on_exit` for each exit of a worker
    - `run_due` each time `seconds_until_due` seconds have passed
    - `reload` after SIGHUP, and `stop` after SIGTERM or SIGINT

    When `is_empty` is True after the start, the supervisor exits with `exit_status`.

    A worker that exits is replaced, unless the pool is stopping. Until all workers have served for
    the first time, a worker that cannot start its application is not replaced either: the pool
    stops, and `exit_status` is 1.

    `load` reads the configuration for a reload. `processes` starts workers and sends signals.
    `report` is called with the events of the service as a whole. Examples: "started" when all
    workers serve, "reloaded" when all have reloaded, "reload failed" when at least one could not.
    `heartbeat_interval` is in seconds, None for no heartbeats.
    """

    def __init__(
        self,
        settings: Settings,
        load: LoadSettings,
        processes: WorkerProcesses,
        report: Report,
        heartbeat_interval: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings  # for the next worker that starts
        self.exit_status = 0  # of the supervisor
        self._load = load
        self._processes = processes
        self._report = report
        self._heartbeat_interval = heartbeat_interval
        self._clock = clock
        self._next_heartbeat = clock()
        self._workers: dict[int, _WorkerState] = {}  # by process id
        self._replace_at: list[float] = []  # one time for each worker that has to be replaced
        # The settings of the reload in progress; None if the reload failed in a worker.
        self._new_settings: Settings | None = None
        self._reload_number = 0  # of the latest reload that was sent to the workers
        self._is_started = False
        self._is_reloading = False
        self._has_reload_failed = False  # in a worker, or because of an invalid configuration
        self._is_stopping = False

    @property
    def is_empty(self) -> bool:
        """True if no worker runs and no worker has to be started: the supervisor can exit."""
        return not (self._workers or self._replace_at)

    def start(self) -> None:
        """Start all workers. If a worker cannot be started, raise OSError and start no more.

        After an error, the workers that were started go on: the caller has to exit or to `stop`.
        """
        for _ in range(self.settings.server.workers):
            self._start_worker()

    def seconds_until_due(self) -> float | None:
        """Return the seconds after which `run_due` has to be called: 0 for at once.

        Returns None if no replacement is planned and there are no heartbeats.
        """
        times = list(self._replace_at)
        if self._heartbeat_interval:
            times.append(self._next_heartbeat)
        return max(0.0, min(times) - self._clock()) if times else None

    def run_due(self) -> None:
        """Start replacements whose time has come, and report a heartbeat once per interval.

        If a worker has sent no event for two heartbeat intervals, no heartbeat is reported. systemd
        then restarts the service. Raises nothing: a replacement that cannot be started is logged,
        and tried again after a second.
        """
        now = self._clock()
        due = [moment for moment in self._replace_at if moment <= now]
        self._replace_at = [moment for moment in self._replace_at if moment > now]
        for _ in due:
            self._start_replacement()
        interval = self._heartbeat_interval
        if interval and now >= self._next_heartbeat:
            self._next_heartbeat = now + interval
            oldest = now - _MISSED_HEARTBEATS * interval
            if all(worker.reported_at >= oldest for worker in self._workers.values()):
                self._report("heartbeat")

    def on_event(self, pid: int, event: WorkerEvent, reload_number: int = 0) -> None:
        """Record an event of a worker; call `report` if the state of the service has changed.

        Reports "started" once, as soon as every running worker serves. Reports the result of a
        reload when all workers have finished the reload. `reload_number` is the number of the
        worker's last reload; the result of a reload before the latest one is ignored.

        An event of any kind counts as a heartbeat of the worker. An event of a process that is not
        a worker is ignored.
        """
        worker = self._workers.get(pid)
        if worker is None:
            return
        worker.reported_at = self._clock()
        if event == "started":
            worker.is_serving = True
            if not self._is_started and all(each.is_serving for each in self._workers.values()):
                self._is_started = True
                self._report("started")
        elif event in ("reloaded", "reload failed"):
            if not 0 < worker.awaited_reload <= reload_number:
                return
            worker.awaited_reload = 0
            if event == "reload failed":
                self._new_settings, self._has_reload_failed = None, True
            self._finish_reload()

    def on_exit(self, pid: int, exit_status: int) -> None:
        """Remove a worker that has exited, log an error, and plan its replacement.

        `run_due` starts the replacement: at its next call, or a second later if the worker ran for
        less than a second. If a reload is in progress, and all other workers have finished it,
        reports the result of the reload.

        While the pool is stopping, only removes the worker. If `exit_status` is 1 and not all
        workers have served yet, the application could not start. Then nothing is logged; the pool
        stops, and its ``exit_status`` becomes 1.

        `exit_status` is negative if a signal ended the worker. Does nothing for a process that is
        not a worker: process 1 of a container gets the orphans of other programs as children.
        """
        worker = self._workers.pop(pid, None)
        if worker is None or self._is_stopping:
            return
        if exit_status == _STARTUP_FAILURE and not self._is_started:
            self.exit_status = _STARTUP_FAILURE
            self.stop()
            return
        _LOG.error("Worker %d exited with status %d and is replaced.", pid, exit_status)
        now = self._clock()
        is_young = now - worker.started_at < _BACKOFF
        self._replace_at.append(now + _BACKOFF if is_young else now)
        self._finish_reload()

    def reload(self) -> None:
        """Make all workers reload; do nothing while the pool is stopping.

        Reports "reload started", opens the log file again, loads the configuration, and sends
        SIGHUP to each worker. Does not wait for the workers: the result is reported when all have
        finished. The result of an earlier reload that is still in progress is never reported.

        If the configuration is invalid, logs an error and sends no SIGHUP. Reports "reload failed":
        at once, or, if an earlier reload is in progress, when all workers have finished that one.
        """
        if self._is_stopping:
            return
        self._report("reload started")
        reopen_logs(self.settings.server)
        try:
            new_settings = keep_fixed_settings(self._load(), self.settings)
        except Exception as error:  # noqa: BLE001  no error of a reload stops the service
            _LOG.error("The present configuration is kept: %s", error)
            self._has_reload_failed = True
            if not self._is_reloading:
                self._report("reload failed")
            return
        self._new_settings, self._has_reload_failed = new_settings, False
        self._is_reloading = True
        self._reload_number += 1
        self._processes.set_reload_number(self._reload_number)
        for pid in self._workers:
            self._reload_worker(pid)

    def stop(self) -> None:
        """Report "stopping", close the supervisor's sockets, and send SIGTERM to all workers.

        No worker is started any more. `is_empty` becomes True when all workers have exited. Does
        the same again if called again.
        """
        self._report("stopping")
        self._is_stopping = True
        self._replace_at.clear()
        self._processes.close_sockets()
        for pid in self._workers:
            self._processes.send_signal(pid, signal.SIGTERM)

    def _start_worker(self) -> None:
        """Start a worker with the present settings.

        During a reload, also makes the worker reload, since its settings are the old ones. Raises
        OSError if the process cannot be started.
        """
        pid = self._processes.start(self.settings)
        now = self._clock()
        self._workers[pid] = _WorkerState(started_at=now, reported_at=now)
        if self._is_reloading:  # the worker has the old settings
            self._reload_worker(pid)

    def _start_replacement(self) -> None:
        """Start a worker; if that fails, log an error, and plan another attempt in a second."""
        try:
            self._start_worker()
        except OSError as error:
            _LOG.error("A worker cannot be started; this is tried again in a second: %s", error)
            self._replace_at.append(self._clock() + _BACKOFF)

    def _reload_worker(self, pid: int) -> None:
        """Send SIGHUP to a worker. The worker later reports "reloaded" or "reload failed"."""
        self._workers[pid].awaited_reload = self._reload_number
        self._processes.send_signal(pid, signal.SIGHUP)

    def _finish_reload(self) -> None:
        """Report the result of the reload in progress, if all workers have finished it.

        The result is "reload failed" if a worker failed, or if the configuration was invalid at a
        later call of `reload`; otherwise "reloaded". If no worker failed, workers that start later
        get the new settings, and the log file is opened again.
        """
        if not self._is_reloading or any(each.awaited_reload for each in self._workers.values()):
            return
        self._is_reloading = False
        if self._new_settings is not None:
            self.settings, self._new_settings = self._new_settings, None
            reopen_logs(self.settings.server)
        self._report("reload failed" if self._has_reload_failed else "reloaded")
