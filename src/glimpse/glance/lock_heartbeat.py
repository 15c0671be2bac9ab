"""Heart: keeps the locks that this process holds from expiring."""

import logging
import threading

from tooz.coordination import CoordinationDriver

_log = logging.getLogger(__name__)

_BEATS = 3  # in the time that a lock lasts: two may fail
_PAUSE = (
    1.0  # seconds, in trouble, and for a lock service that does not say how long its locks last
)


class LockHeartbeat:
    """Beats for a coordinator that was started, in a thread: a busy event loop lets no lock expire.

    It says once that the lock service is in trouble, and once that it answers again; tooz's own
    says so every second, and does not stop before the service is back.
    """

    def __init__(self, coordinator: CoordinationDriver) -> None:
        self._coordinator = coordinator
        self._stopped = threading.Event()

    def start(self) -> None:
        """Beat until `stop`, if the lock service wants it."""
        if self._coordinator.requires_beating:
            threading.Thread(target=self._beat, name="heart", daemon=True).start()

    def stop(self) -> None:
        """Beat no more; a beat under way is not waited for."""
        self._stopped.set()

    def _beat(self) -> None:
        pause, in_trouble = 0.0, False
        while not self._stopped.wait(pause):
            try:
                lasts = self._coordinator.heartbeat()
            except Exception as error:  # noqa: BLE001  not all that lies under tooz is translated
                pause = _PAUSE
                if not in_trouble and not self._stopped.is_set():
                    _log.warning("The lock service is in trouble: %s", reason(error))
                in_trouble = True
            else:
                pause = lasts / _BEATS if lasts else _PAUSE
                if in_trouble:
                    _log.warning("The lock service answers again.")
                in_trouble = False


def reason(error: BaseException) -> str:
    """Why the lock service failed, in words that have no address and no password in them."""
    return getattr(error, "strerror", None) or type(error.__cause__ or error).__name__
