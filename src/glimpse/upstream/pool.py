"""ConnectionPool: the connections to one server."""

import asyncio
import socket
from collections.abc import Sequence
from typing import NamedTuple

import aiohappyeyeballs
from aiohappyeyeballs import AddrInfoType

from glimpse.upstream.connection import Connection
from glimpse.upstream.errors import ConnectError, ConnectTimeout
from glimpse.upstream.request_encoder import RequestEncoder
from glimpse.upstream.response_budget import ResponseBudget
from glimpse.upstream.tls import TlsOptions
from glimpse.upstream.transport import Response

_SECOND_ADDRESS_DELAY = 0.25  # seconds, as RFC 8305 recommends


class ConnectionOptions(NamedTuple):
    """The options of connections. Timeouts are in seconds.

    `connect_timeout` is for a connection with its TLS handshake, `read_timeout` for each wait for
    more of a response. `max_connections` is for each server.
    """

    tls: TlsOptions
    connect_timeout: float
    read_timeout: float
    max_connections: int


class ConnectionPool:
    """Keep-alive connections to the server of `encoder`, `max_connections` at most.

    A request that finds all of them in use waits for one; its caller bounds the wait. `budget`
    bounds the bytes of large bodies that are read at once. `open_connections` always holds the
    open connections of this pool, and may hold those of others.
    """

    def __init__(
        self,
        encoder: RequestEncoder,
        options: ConnectionOptions,
        budget: ResponseBudget,
        open_connections: set[Connection],
    ) -> None:
        self._host = encoder.host
        self._port = encoder.port
        self._is_tls = encoder.is_tls
        self._options = options
        self._budget = budget
        self._open_connections = open_connections
        self._slots = asyncio.Semaphore(options.max_connections)
        self._idle: list[Connection] = []
        self._is_retired = False

    async def send(self, request: bytes, max_response_bytes: int) -> Response:
        """Send an encoded request on an idle or a new connection; return the response.

        Raises UpstreamError or TimeoutError (see `Connection.send`), ConnectError if no connection
        can be made. Nothing is sent twice, even when an idle connection turns out to be closed.
        """
        async with self._slots:
            connection = self._take_idle() or await self._connect()
            response = await connection.send(request, max_response_bytes)
            self._put_back(connection)
            return response

    def _take_idle(self) -> Connection | None:
        """Return the connection that was used last, so that the others can expire."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
        return None

    def _put_back(self, connection: Connection) -> None:
        """Keep a usable connection for the next request, unless the pool is retired."""
        if self._is_retired:
            connection.close()
        if connection.is_usable:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)

    async def _connect(self) -> Connection:
        """Open a connection within `connect_timeout`. Raises ConnectError or ConnectTimeout."""
        try:
            async with asyncio.timeout(self._options.connect_timeout):
                return await self._open_connection()
        except TimeoutError:
            seconds = f"{self._options.connect_timeout:g} s"
            raise ConnectTimeout(f"not connected within {seconds}") from None
        except OSError as error:
            raise ConnectError(str(error)) from None

    async def _open_connection(self) -> Connection:
        """Connect to the first address that works, in the order and with the delay of RFC 8305."""
        loop = asyncio.get_running_loop()
        addresses: Sequence[AddrInfoType] = self._numeric_address()
        if not addresses:
            addresses = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        connected = await aiohappyeyeballs.start_connection(
            addresses, happy_eyeballs_delay=_SECOND_ADDRESS_DELAY, interleave=1, loop=loop
        )
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(
                    self._options.read_timeout, self._open_connections.discard, self._budget
                ),
                sock=connected,
                ssl=self._options.tls.context if self._is_tls else None,
                server_hostname=self._host if self._is_tls else None,
            )
        except BaseException:
            connected.close()
            raise
        self._open_connections.add(connection)
        return connection

    def _numeric_address(self) -> Sequence[AddrInfoType]:
        """Return the address if `host` is an IP address, which needs no look-up in a thread.

        Empty if `host` is a name.
        """
        try:
            return socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        except (OSError, UnicodeError):
            return ()

    def close_idle(self, seconds: float) -> bool:
        """Close the connections idle for at least so many seconds; return True if any are left."""
        latest = asyncio.get_running_loop().time() - seconds
        for connection in self._idle:
            if connection.idle_since <= latest:
                connection.close()
        self._idle = [connection for connection in self._idle if connection.is_usable]
        return bool(self._idle)

    def retire(self) -> None:
        """Close idle connections now, and each one in use after its response."""
        self._is_retired = True
        for connection in self._idle:
            connection.close()
