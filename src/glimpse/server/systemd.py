"""Telling systemd how the service is: sd_notify(3), a line or two in one datagram."""

import os
import socket
import time
from contextlib import suppress

_PATIENCE = 0.5  # seconds: requests wait meanwhile


def notify(*lines: str) -> None:
    """Send the lines to the socket in NOTIFY_SOCKET, if there is one.

    Nobody listening is no error: the service goes on without.
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
        sock.settimeout(_PATIENCE)
        sock.connect(address)
        sock.sendall("\n".join(lines).encode())


def notify_reloading() -> None:
    """Say that the configuration is being read again; READY=1 ends that."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_interval() -> float | None:
    """Seconds between the signs of life that systemd waits for; None if it waits for none.

    Half of WATCHDOG_USEC, as sd_watchdog_enabled(3) advises.
    """
    pid, period = os.environ.get("WATCHDOG_PID"), os.environ.get("WATCHDOG_USEC", "")
    if (pid and pid != str(os.getpid())) or not period.isdigit() or not int(period):
        return None
    return int(period) / 2_000_000
