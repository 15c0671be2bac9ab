"""ServerState: what a server shares with its connections."""

import asyncio
from typing import Any, Protocol

from glimpse.server.request_head import Headers


class ServerState(Protocol):
    """The attributes of uvicorn's ServerState that HttpProtocol uses.

    - `connections` has the open connections. HttpProtocol adds and removes them. When the server
      stops, the server calls `shutdown` of each.
    - `tasks` has one task for each request in progress.
    - `total_requests` is the number of responses that have been completed.
    - `default_headers` are for every response. The server replaces the list every second.
    """

    connections: set[Any]
    tasks: set[asyncio.Task[None]]
    total_requests: int
    default_headers: Headers
