"""HttpClient: the Transport that Glimpse uses, HTTP/1.1 over keep-alive connections.

HttpClient has only the features that calls to Glance and Keystone need. It has no redirects,
cookies, proxies or compression, and bodies have a limited size. Showing an image takes a quarter
less CPU time than with aiohttp.
"""

import asyncio
from collections.abc import Mapping
from weakref import WeakSet

from glimpse.upstream.connection import Connection
from glimpse.upstream.connector import ConnectionOptions, Connector
from glimpse.upstream.errors import ConnectError
from glimpse.upstream.pool import ConnectionPool
from glimpse.upstream.request_encoder import RequestEncoder
from glimpse.upstream.response_memory import ResponseMemory
from glimpse.upstream.tls import TlsOptions
from glimpse.upstream.transport import Response

_MAX_CONNECTIONS = 100  # to each server, so that a server that hangs does not block the others
_IDLE_SECONDS = 15.0  # a connection idle for so long is closed
_MAX_BUFFERED_BYTES = 32 * 1024 * 1024
_MAX_SERVERS = 64  # limited because a service catalog may name another URL at each login


class HttpClient:
    """A Transport for any number of servers, for use within one event loop.

    The client may be created outside of the event loop. Call `close` at the end.

    Timeouts are in seconds: `connect_timeout` for a connection with its TLS handshake,
    `read_timeout` for each wait for more of a response. Each base URL counts as one server. A
    server gets at most `max_connections`; a further request waits for a connection, without a
    timeout.

    Response bodies above 256 KiB share `max_buffered_bytes` of memory. While there is no room for a
    body, the client does not read that body. There is no timeout for the wait.
    """

    def __init__(
        self,
        *,
        tls: TlsOptions,
        connect_timeout: float,
        read_timeout: float,
        max_connections: int = _MAX_CONNECTIONS,
        max_buffered_bytes: int = _MAX_BUFFERED_BYTES,
    ) -> None:
        self._options = ConnectionOptions(tls, connect_timeout, read_timeout)
        self._max_connections = max_connections
        self._memory = ResponseMemory(max_buffered_bytes)
        self._servers: dict[str, tuple[RequestEncoder, ConnectionPool]] = {}
        self._pools: WeakSet[ConnectionPool] = WeakSet()  # also retired pools that are in use
        self._open_connections: set[Connection] = set()  # also of retired pools
        self._idle_timer: asyncio.TimerHandle | None = None

    async def request(
        self,
        method: str,
        base_url: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        max_response_bytes: int,
    ) -> Response:
        """Send a request once, to `target` below `base_url`; return the response of any status.

        `target` is a quoted path and query. `method` must not be HEAD. The body of a response with
        status 300 or more is truncated to 64,000 bytes. Waits, without a timeout, for a free
        connection, and for memory for a body above 256 KiB.

        These errors are raised:

        - ConnectError if no connection can be made within `connect_timeout`, if `base_url` is
          invalid, or if the client is closed. Nothing was sent.
        - ConnectionLost if the connection closes before the head of the response is complete.
        - ProtocolError if the response is malformed or incomplete.
        - ResponseTooLarge if a body is over `max_response_bytes`, a head is over 64 kB, or the
          framing of tiny chunks is too long.
        - TimeoutError if nothing arrives for `read_timeout`.
        - ValueError if `target` or a header value has a NUL, a line end, or a character outside
          Latin-1.
        """
        encoder, pool = self._servers.get(base_url) or self._add_server(base_url)
        request = encoder.encode(method, target, headers, body)
        response = await pool.send(request, max_response_bytes)
        if self._idle_timer is None:
            self._start_idle_timer()
        return response

    def _add_server(self, base_url: str) -> tuple[RequestEncoder, ConnectionPool]:
        """Make, keep and return the encoder and the pool of the server at `base_url`.

        If there are 64 servers already, removes the server that was added first. The idle
        connections of the removed server are closed now, its other connections after their
        responses. Raises ConnectError for an invalid URL.
        """
        try:
            encoder = RequestEncoder(base_url)
        except ValueError:
            raise ConnectError("this is not the URL of an HTTP server") from None
        while len(self._servers) >= _MAX_SERVERS:
            _, oldest = self._servers.pop(next(iter(self._servers)))
            oldest.retire()
        connector = Connector(encoder, self._options, self._memory, self._open_connections)
        pool = ConnectionPool(connector, self._max_connections)
        self._pools.add(pool)
        self._servers[base_url] = encoder, pool
        return encoder, pool

    def _start_idle_timer(self) -> None:
        """Call `_close_idle_connections` 15 seconds from now."""
        self._idle_timer = asyncio.get_running_loop().call_later(
            _IDLE_SECONDS, self._close_idle_connections
        )

    def _close_idle_connections(self) -> None:
        """Close connections idle for 15 seconds; restart the timer if idle ones remain."""
        self._idle_timer = None
        has_idle = {pool.close_idle(_IDLE_SECONDS) for _, pool in self._servers.values()}
        if True in has_idle:
            self._start_idle_timer()

    async def close(self) -> None:
        """Close all connections; make no request afterwards.

        Requests in progress raise ConnectionLost, or ProtocolError if the head of the response is
        complete. Requests that wait for a connection raise ConnectError.
        """
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        for pool in self._pools:
            pool.refuse_requests()
        for connection in list(self._open_connections):
            connection.close()
        await asyncio.sleep(0)
