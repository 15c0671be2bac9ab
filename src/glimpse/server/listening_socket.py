"""listen: makes the sockets on which the server accepts connections."""

import socket

_BACKLOG = 2048  # connections that the kernel accepts while all workers are busy


def listen(host: str, port: int) -> socket.socket:
    """Return a TCP socket that listens at `host` and `port`; the caller closes the socket.

    `host` is an IPv4 address, an IPv6 address without brackets, or a name, which is resolved to an
    IPv4 address. IPv4 clients cannot connect to an IPv6 address. If `port` is 0, the kernel chooses
    a free port.

    Raises OSError if listening fails, for example because the port is in use, or if `host` is empty
    or cannot be a name of a host. Raises OverflowError if `port` is not in 0 to 65535.
    """
    if not host:
        raise OSError(0, "the address is empty; 0.0.0.0 is all addresses")
    try:
        host.encode("idna")
    except UnicodeError:  # a part of a name is too long, or has bytes that are not UTF-8
        raise OSError(0, "it is no address and no name of a host") from None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)
