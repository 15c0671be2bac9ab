"""Notifications to systemd, as sd_notify(3) sends them."""

import os
import socket
import time
from contextlib import suppress

from glimpse.server.worker import WorkerEvent

_TIMEOUT = 0.5  # seconds; short, because sending blocks the event loop


def report_to_systemd(event: WorkerEvent) -> None:
    """Notify systemd of an event of the service; do nothing if systemd did not start it.

    A heartbeat is ``WATCHDOG=1``. The start and the end of a reload are ``RELOADING=1`` and
    ``READY=1``; a failed reload is ``READY=1``, too, because the service still runs. The start of
    the service is ``READY=1``, and its stop is ``STOPPING=1``. Raises nothing.
    """
    if event == "heartbeat":
        notify("WATCHDOG=1")
    elif event == "reload started":
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
    elif event == "stopping":
        notify("STOPPING=1")
    else:
        notify("READY=1")


def notify(*lines: str) -> None:
    """Send lines such as ``READY=1`` to systemd, in one datagram.

    Does nothing if NOTIFY_SOCKET is not set. Blocks for half a second at most. If the socket cannot
    be reached, or is full for half a second, the lines are lost. Raises nothing.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket
    with (
        suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
    ):
        sock.settimeout(_TIMEOUT)
        sock.connect(address)
        sock.sendall("\n".join(lines).encode())


def watchdog_interval() -> float | None:
    """Return the seconds between two notifications ``WATCHDOG=1`` of this process to systemd.

    Returns None if systemd does not expect ``WATCHDOG=1`` from this process: WATCHDOG_PID names
    another process, or WATCHDOG_USEC is absent, 0 or no number. The interval is half of
    WATCHDOG_USEC, as sd_watchdog_enabled(3) recommends.
    """
    pid, period = os.environ.get("WATCHDOG_PID"), os.environ.get("WATCHDOG_USEC", "")
    if (pid and pid != str(os.getpid())) or not period.isdecimal() or not int(period):
        return None
    return int(period) / 2_000_000
