"""ConnectionPool: the keep-alive connections to one server."""

import asyncio

from glimpse.upstream.connection import Connection
from glimpse.upstream.connector import Connector
from glimpse.upstream.errors import ConnectError
from glimpse.upstream.transport import Response

_CLOSED = "the client is closed"


class ConnectionPool:
    """Keep-alive connections that `connector` opens, at most `max_connections`.

    If all connections are in use, a request waits for one of them, without a timeout.
    """

    def __init__(self, connector: Connector, max_connections: int) -> None:
        self._connector = connector
        self._slots = asyncio.Semaphore(max_connections)
        self._idle: list[Connection] = []
        self._is_retired = False
        self._refuses_requests = False

    async def send(self, request: bytes, max_response_bytes: int) -> Response:
        """Send an encoded request on an idle or a new connection; return the response.

        Waits, without a timeout, while `max_connections` are in use. Raises ConnectError if a new
        connection cannot be made, also after `refuse_requests`. Raises ConnectionLost,
        ProtocolError, ResponseTooLarge and TimeoutError like `Connection.send`.

        No request is sent twice: if the server closes an idle connection just before the request,
        ConnectionLost is raised. After an error or a cancellation, the connection is closed.
        """
        async with self._slots:
            connection = self._take_idle() or await self._connect()
            response = await connection.send(request, max_response_bytes)
            self._put_back(connection)
            return response

    def refuse_requests(self) -> None:
        """Make requests that need a new connection raise ConnectError, also those that wait.

        Idle connections stay open and usable until the client that made the pool closes them.
        """
        self._refuses_requests = True

    def _take_idle(self) -> Connection | None:
        """Remove and return the usable idle connection that was used last; None if there is none.

        Also removes the closed connections that were used after the returned one.
        """
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
        return None

    def _put_back(self, connection: Connection) -> None:
        """Keep an open connection for the next request, or close it if the pool is retired.

        Do nothing with a closed connection.
        """
        if self._is_retired:
            connection.close()
        if connection.is_usable:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)

    async def _connect(self) -> Connection:
        """Open a connection; raise ConnectError if that fails or the pool refuses requests."""
        if self._refuses_requests:
            raise ConnectError(_CLOSED)
        connection = await self._connector.connect()
        if self._refuses_requests:
            connection.close()
            raise ConnectError(_CLOSED)
        return connection

    def close_idle(self, seconds: float) -> bool:
        """Close connections that have been idle for `seconds` or longer; forget all closed ones.

        Returns True if other connections stay idle in the pool.
        """
        latest = asyncio.get_running_loop().time() - seconds
        for connection in self._idle:
            if connection.idle_since <= latest:
                connection.close()
        self._idle = [connection for connection in self._idle if connection.is_usable]
        return bool(self._idle)

    def retire(self) -> None:
        """Close idle connections now, and each connection in use after its response.

        Requests are still accepted; each closes its connection afterwards.
        """
        self._is_retired = True
        for connection in self._idle:
            connection.close()
