"""ConnectionPool: the keep-alive connections to one server."""

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
_CLOSED = "the client is closed"


class ConnectionOptions(NamedTuple):
    """The options of connections. Timeouts are in seconds.

    `connect_timeout` is for a connection with its TLS handshake. `read_timeout` is for each wait
    for more of a response. `max_connections` is the limit for each server.
    """

    tls: TlsOptions
    connect_timeout: float
    read_timeout: float
    max_connections: int


class ConnectionPool:
    """Keep-alive connections to the server of `encoder`, at most `max_connections`.

    If all connections are in use, a request waits for one of them, without a timeout. `budget`
    bounds the memory of large response bodies. The pool keeps its open connections in
    `open_connections`, a set that other pools may share. The client that made this set closes the
    connections in it.
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
        self._refuses_requests = False

    async def send(self, request: bytes, max_response_bytes: int) -> Response:
        """Send an encoded request on an idle or a new connection; return the response.

        Waits, without a timeout, while `max_connections` are in use. Raises ConnectError if no
        connection can be made or the pool refuses requests. Raises ConnectionLost, ProtocolError,
        ResponseTooLarge and TimeoutError like `Connection.send`. No request is sent twice: if the
        server has closed an idle connection, ConnectionLost is raised. After an error or a
        cancellation, the connection is closed.
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
        """Open a connection within `connect_timeout`; otherwise raise ConnectTimeout.

        Raises ConnectError if no connection can be made, a TLS file cannot be used, or the pool
        refuses requests.
        """
        if self._refuses_requests:
            raise ConnectError(_CLOSED)
        try:
            async with asyncio.timeout(self._options.connect_timeout):
                connection = await self._open_connection()
        except TimeoutError:
            seconds = f"{self._options.connect_timeout:g} s"
            raise ConnectTimeout(f"not connected within {seconds}") from None
        except (OSError, RuntimeError) as error:  # RuntimeError: no thread for getaddrinfo
            raise ConnectError(str(error)) from None
        if self._refuses_requests:
            connection.close()
            raise ConnectError(_CLOSED)
        return connection

    async def _open_connection(self) -> Connection:
        """Connect to an address of the host; add the connection to `open_connections`.

        If an address has not accepted after 0.25 s, the next address is tried at the same time (RFC
        8305). Raises OSError if the host has no address, if no address accepts, if a TLS file
        cannot be used, or if the TLS handshake fails. Raises RuntimeError if the system allows no
        thread to look up the host. After an error or a cancellation, no connection stays open.
        """
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
        """Return the address of a host that is an IP address; empty if the host is a name.

        Does not block: only names need a look-up in a thread.
        """
        try:
            return socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        except (OSError, UnicodeError):
            return ()

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
