"""tcp_address: host and port of one end of a connection."""

from typing import Any


def tcp_address(address: Any) -> tuple[str, int] | None:
    """Return host and port of a TCP socket's address; None for another kind of address.

    `address` is a socket's address as the module `socket` has it: ``("::1", 80, 0, 0)`` ->
    ``("::1", 80)``. The path of a Unix socket, or None, becomes None.
    """
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None
