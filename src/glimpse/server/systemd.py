"""Notifications to systemd, as sd_notify(3) sends them."""

import os
import socket
import time
from contextlib import suppress

_TIMEOUT = 0.5  # seconds; the event loop is blocked meanwhile


def notify(*lines: str) -> None:
    """Send the lines in one datagram to the socket named by NOTIFY_SOCKET.

    Does nothing if the variable is not set or the socket cannot be reached.
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


def notify_reloading() -> None:
    """Notify that a reload has started; READY=1 notifies that it has ended."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_interval() -> float | None:
    """Return the seconds between two WATCHDOG=1, None if systemd expects none of this process.

    That is half of WATCHDOG_USEC, as sd_watchdog_enabled(3) recommends.
    """
    pid, period = os.environ.get("WATCHDOG_PID"), os.environ.get("WATCHDOG_USEC", "")
    if (pid and pid != str(os.getpid())) or not period.isdigit() or not int(period):
        return None
    return int(period) / 2_000_000
