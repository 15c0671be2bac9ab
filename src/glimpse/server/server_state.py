"""ServerState: what the connections of a server share with it."""

import asyncio
from typing import Any, Protocol

from glimpse.server.request_head import Headers


class ServerState(Protocol):
    """What a connection reads and updates. uvicorn's ServerState has these attributes."""

    connections: set[Any]  # open ones; the server calls `shutdown` of each when it stops
    tasks: set[asyncio.Task[None]]  # one per request under way
    total_requests: int
    default_headers: Headers  # of every response; the server replaces the list every second
