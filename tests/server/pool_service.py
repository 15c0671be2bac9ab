"""Service: a WorkerPool with processes, a clock and a configuration that tests control."""

import signal

from glimpse.server.worker import WorkerEvent
from glimpse.server.worker_pool import WorkerPool
from glimpse.settings import Settings

HEARTBEAT = 5.0


class Service:
    """A pool of two workers with a manual clock, fake processes and reports of the test."""

    def __init__(self, settings: Settings) -> None:
        self.now = 1000.0
        self.loaded: Settings | Exception = settings
        self.started_with: list[Settings] = []
        self.signals: list[tuple[int, signal.Signals]] = []
        self.reports: list[WorkerEvent] = []
        self.has_no_process = False
        self.sockets_closed = False
        self.reload_number = 0
        self.pool = WorkerPool(
            settings, self._load, self, self.reports.append, HEARTBEAT, clock=lambda: self.now
        )
        self.pool.start()

    def _load(self) -> Settings:
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded

    def start(self, settings: Settings) -> int:
        if self.has_no_process:
            raise BlockingIOError("Resource temporarily unavailable")
        self.started_with.append(settings)
        return len(self.started_with)  # process ids are 1, 2, 3, ...

    def send_signal(self, pid: int, number: signal.Signals) -> None:
        self.signals.append((pid, number))

    def set_reload_number(self, number: int) -> None:
        self.reload_number = number

    def close_sockets(self) -> None:
        self.sockets_closed = True

    @property
    def started(self) -> int:
        return len(self.started_with)

    def send(self, event: WorkerEvent, *pids: int, reload_number: int | None = None) -> None:
        """Report an event of workers, of the latest reload unless `reload_number` is given."""
        number = self.reload_number if reload_number is None else reload_number
        for pid in pids:
            self.pool.on_event(pid, event, number)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.pool.run_due()
