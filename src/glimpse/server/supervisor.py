"""The supervisor: keeps several workers serving, and speaks for them to systemd."""

import contextlib
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from glimpse.server.reload import LoadSettings, keep_fixed_settings
from glimpse.server.systemd import notify, notify_reloading
from glimpse.server.worker import SIGNALS, MakeApplication, News, Terminal, work
from glimpse.settings import Settings
from glimpse.telemetry.log_setup import reopen_logs

_LOG = logging.getLogger(__name__)
_SHORT_LIFE = 1.0  # seconds: a worker that ends sooner is not replaced at once
_TAKEN = (*SIGNALS, signal.SIGCHLD)
_LINE = 64  # bytes of a worker's message at most: such a write to a pipe is never split


def _pipe() -> tuple[int, int]:
    """A pipe whose ends never block."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    return reader, writer


@dataclass
class _Worker:
    """What is known of one worker."""

    started: float
    heard: float
    serving: bool = False
    reloading: bool = False


class _ReportToSupervisor:
    """A worker's report: a line in the supervisor's pipe."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def tell(self, news: News) -> None:
        """See worker.Report."""
        with contextlib.suppress(OSError):  # the supervisor is gone, or so far behind that it knows
            os.write(self._pipe, f"{os.getpid()} {news}\n".encode()[:_LINE])

    def reloading(self) -> None:
        """See worker.Report: the supervisor told this worker to."""

    def stopping(self) -> None:
        """See worker.Report: likewise."""


@dataclass
class Supervisor:
    """Starts `settings.server.workers` processes and replaces those that die.

    Signals and the workers' messages are taken one after another in `run`: nothing here runs in a
    signal handler.
    """

    settings: Settings
    sockets: Sequence[socket.socket]
    load: LoadSettings
    make_application: MakeApplication
    watchdog: float | None
    _workers: dict[int, _Worker] = field(default_factory=dict, init=False)
    _replace_at: list[float] = field(default_factory=list, init=False)
    _fresh: Settings | None = field(default=None, init=False)
    _terminal: Terminal = field(default_factory=Terminal, init=False)
    _ready: bool = field(default=False, init=False)
    _reloading: bool = field(default=False, init=False)
    _stopping: bool = field(default=False, init=False)
    _status: int = field(default=0, init=False)
    _messages: tuple[int, int] = field(default_factory=_pipe, init=False)
    _unread: bytes = field(default=b"", init=False)
    # The workers read an end of it when this process is gone, however it went.
    _life: tuple[int, int] = field(default_factory=_pipe, init=False)

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return 0 when all workers have drained.

        1 if the workers cannot start. SIGNALS are blocked when this is called.
        """
        wake, waker = _pipe()
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in _TAKEN:
            signal.signal(number, _leave_to_the_loop)
        for _ in range(self.settings.server.workers):
            self._start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        next_beat = time.monotonic()
        while self._workers or self._replace_at:
            select.select([wake, self._messages[0]], [], [], self._patience(next_beat))
            for taken in sorted(set(_read(wake))):
                self._take(signal.Signals(taken))
            self._listen()
            now = time.monotonic()
            for _ in [moment for moment in self._replace_at if moment <= now]:
                self._replace_at.remove(min(self._replace_at))
                self._start()
            if self.watchdog and now >= next_beat:
                next_beat = now + self.watchdog
                self._beat(now)
        return self._status

    def _patience(self, next_beat: float) -> float | None:
        """Seconds until there is something to do unasked, None for never."""
        moments = [*self._replace_at, *([next_beat] if self.watchdog else [])]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _take(self, number: signal.Signals) -> None:
        if number == signal.SIGCHLD:
            self._reap()
        elif number == signal.SIGHUP and not self._terminal.is_gone():
            self._reload()
        else:
            self._stop()

    def _beat(self, now: float) -> None:
        """Tell systemd that all is well, if every worker has said so lately."""
        oldest = now - 2 * (self.watchdog or 0)
        if all(worker.heard >= oldest for worker in self._workers.values()):
            notify("WATCHDOG=1")

    def _start(self) -> None:
        """Fork a worker; signals are blocked meanwhile, so that it misses none."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        pid = os.fork()
        if pid == 0:
            os._exit(self._become_worker())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self._workers[pid] = _Worker(started=time.monotonic(), heard=time.monotonic())

    def _become_worker(self) -> int:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._life[1])
        return work(
            self.settings,
            self.sockets,
            self.load,
            _ReportToSupervisor(self._messages[1]),
            self.make_application,
            watchdog=self.watchdog,
            keeper=self._life[0],
        )

    def _reap(self) -> None:
        """See which workers ended; replace them, unless this process is to end as well."""
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            worker = self._workers.pop(pid)
            self._forget(pid)
            if self._stopping:
                continue
            exit_status = os.waitstatus_to_exitcode(status)
            if exit_status == 1 and not self._ready:
                self._status = 1  # it could not start, and another would not either
                self._stop()
                continue
            _LOG.error("Worker %d ended with status %d and is replaced.", pid, exit_status)
            now = time.monotonic()
            soon = now - worker.started < _SHORT_LIFE
            self._replace_at.append(now + _SHORT_LIFE if soon else now)
            self._conclude_reload()

    def _forget(self, pid: int) -> None:
        if self.settings.metrics.port:
            from glimpse.telemetry.metrics import forget_worker  # noqa: PLC0415  loads only when wanted

            forget_worker(pid)

    def _listen(self) -> None:
        """Take the workers' messages."""
        *lines, self._unread = (self._unread + _read(self._messages[0])).split(b"\n")
        for line in lines:
            pid, _, news = line.decode().partition(" ")
            worker = self._workers.get(int(pid))
            if worker is None:
                continue
            worker.heard = time.monotonic()
            if news == "serving":
                worker.serving = True
                self._announce_once()
            elif news in ("reloaded", "kept"):
                worker.reloading = False
                if news == "kept":
                    self._fresh = None
                self._conclude_reload()

    def _announce_once(self) -> None:
        if not self._ready and all(worker.serving for worker in self._workers.values()):
            self._ready = True
            notify("READY=1")

    def _reload(self) -> None:
        """Have every worker read the configuration, if it can be read at all."""
        if self._stopping:
            return
        notify_reloading()
        reopen_logs(self.settings.server)
        try:
            self._fresh = keep_fixed_settings(self.load(), self.settings)
        except Exception as error:  # noqa: BLE001  whatever it is, what serves goes on serving
            _LOG.error("The present configuration is kept: %s", error)
            notify("READY=1")
            return
        self._reloading = True
        for pid, worker in self._workers.items():
            worker.reloading = True
            _send(pid, signal.SIGHUP)

    def _conclude_reload(self) -> None:
        """When the last worker has answered: start later ones with what all of them took."""
        if not self._reloading or any(worker.reloading for worker in self._workers.values()):
            return
        self._reloading = False
        if self._fresh is not None:
            self.settings, self._fresh = self._fresh, None
            reopen_logs(self.settings.server)
        notify("READY=1")

    def _stop(self) -> None:
        notify("STOPPING=1")
        self._stopping = True
        self._replace_at.clear()
        for listener in self.sockets:
            listener.close()  # whoever connects now is refused, not left to wait
        for pid in self._workers:
            _send(pid, signal.SIGTERM)


def _leave_to_the_loop(_number: int, _frame: object) -> None:
    """Do nothing: the signal's number is in the wake-up pipe."""


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _read(pipe: int) -> bytes:
    """What is in the pipe now."""
    try:
        return os.read(pipe, 65536)
    except BlockingIOError:
        return b""
