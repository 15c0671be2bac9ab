"""ServerState: what a server shares with its connections."""

import asyncio
from typing import Any, Protocol

from glimpse.server.request_head import Headers


class ServerState(Protocol):
    """Attributes of uvicorn's ServerState, as far as HttpProtocol reads and updates them."""

    connections: set[Any]  # open ones; the server calls `shutdown` of each when it stops
    tasks: set[asyncio.Task[None]]  # one per request in progress
    total_requests: int
    default_headers: Headers  # of every response; the server replaces the list every second
