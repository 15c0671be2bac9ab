"""LockHeartbeat: keeps the locks that this process holds from expiring."""

import logging
import threading
from collections.abc import Callable

from tooz.coordination import CoordinationDriver

_log = logging.getLogger(__name__)

_BEATS_PER_EXPIRY = 3  # two in a row may fail before a lock expires
# Seconds between heartbeats after a failure, and for a lock service that names no expiry.
_DEFAULT_INTERVAL = 1.0


class LockHeartbeat:
    """A thread that renews all locks of `coordinator`, three times per expiry time.

    If the lock service names no expiry time, the thread renews the locks every second. After a
    failure, the thread tries again every second. An outage of the lock service is logged once when
    it begins and once when it ends. Start `coordinator` before the thread.

    An asyncio task would renew the locks too late while the event loop is busy. tooz's own
    heartbeat logs each failure, and cannot be stopped during an outage.
    """

    def __init__(
        self, coordinator: CoordinationDriver, wait: Callable[[float], bool] | None = None
    ) -> None:
        """Prepare the thread; `start` starts the thread.

        `wait` gets a number of seconds, waits that long, and returns True to end the thread. The
        default `wait` returns True as soon as `stop` is called. If you pass another `wait`, `stop`
        does not end the thread.
        """
        self._coordinator = coordinator
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait

    def start(self) -> None:
        """Start the thread if the lock service needs heartbeats, otherwise do nothing.

        Call this once. The thread does not keep the process from exiting. Raises RuntimeError if
        the system allows no more threads.
        """
        if self._coordinator.requires_beating:
            threading.Thread(target=self._run, name="lock-heartbeat", daemon=True).start()

    def stop(self) -> None:
        """Tell the thread to end after a heartbeat in progress. Does not wait for the thread.

        The locks are not released.
        """
        self._stopped.set()

    def _run(self) -> None:
        interval, is_failing = 0.0, False
        while not self._wait(interval):
            try:
                expiry = self._coordinator.heartbeat()
            except Exception as error:  # noqa: BLE001  tooz does not translate all errors
                interval = _DEFAULT_INTERVAL
                if not is_failing and not self._stopped.is_set():
                    _log.warning(
                        "The lock service of [coordination] backend_url fails, images cannot be "
                        "changed until it is back: %s",
                        describe_error(error),
                    )
                is_failing = True
            else:
                interval = expiry / _BEATS_PER_EXPIRY if expiry else _DEFAULT_INTERVAL
                if is_failing:
                    _log.warning("The lock service responds again.")
                is_failing = False


def describe_error(error: BaseException) -> str:
    """Return a short reason why the lock service failed, without addresses and passwords.

    For an error of the operating system, the reason is its text (``Connection refused``). For any
    other error, the reason is the class name of the error's cause, or of `error` if it has no
    cause.
    """
    return getattr(error, "strerror", None) or type(error.__cause__ or error).__name__
