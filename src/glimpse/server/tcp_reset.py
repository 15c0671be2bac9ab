"""reset_connection: closes a connection with a TCP reset."""

import asyncio
import os
import socket
import struct

_NO_LINGER = struct.pack("ii", 1, 0)  # struct linger: on, for 0 seconds


def reset_connection(transport: asyncio.Transport) -> None:
    """Close a connection with a TCP reset; drop the data that has not been sent."""
    descriptor = transport.get_extra_info("socket").fileno()
    # A new socket object for the same connection: uvloop's socket object has no setsockopt.
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
