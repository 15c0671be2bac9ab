"""reset_connection: closes a connection with a TCP reset."""

import asyncio
import contextlib
import os
import socket
import struct

_NO_LINGER = struct.pack("ii", 1, 0)  # struct linger: on, for 0 seconds


def reset_connection(transport: asyncio.Transport) -> None:
    """Close a connection with a TCP reset; drop the data that has not been sent.

    Does nothing if the connection is already closed. A connection that is about to close is closed
    at once, without a reset. If no file descriptor is free, the connection is closed without a
    reset, too.
    """
    if not transport.is_closing():
        descriptor = transport.get_extra_info("socket").fileno()
        # A new socket object for the same connection: uvloop's socket object has no setsockopt.
        with (
            contextlib.suppress(OSError),
            socket.socket(fileno=os.dup(descriptor)) as connection,
        ):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
