"""Connector: opens connections to a server: addresses of its host, timeout, TLS."""

import asyncio
import socket
from collections.abc import Sequence
from typing import NamedTuple

import aiohappyeyeballs
from aiohappyeyeballs import AddrInfoType

from glimpse.upstream.connection import Connection
from glimpse.upstream.errors import ConnectError, ConnectTimeout
from glimpse.upstream.request_encoder import RequestEncoder
from glimpse.upstream.response_memory import ResponseMemory
from glimpse.upstream.tls import TlsOptions

_SECOND_ADDRESS_DELAY = 0.25  # seconds, as RFC 8305 recommends


class ConnectionOptions(NamedTuple):
    """The options of connections. Timeouts are in seconds.

    `connect_timeout` is for a connection with its TLS handshake. `read_timeout` is for each wait
    for more of a response.
    """

    tls: TlsOptions
    connect_timeout: float
    read_timeout: float


class Connector:
    """Opens connections to the server of `encoder`, and adds them to `open_connections`.

    Other connectors may share `open_connections`. A connection removes itself from this set when it
    closes. HttpClient, which makes the set, closes all connections in the set at its end. `memory`
    is what large response bodies share.
    """

    def __init__(
        self,
        encoder: RequestEncoder,
        options: ConnectionOptions,
        memory: ResponseMemory,
        open_connections: set[Connection],
    ) -> None:
        self._host = encoder.host
        self._port = encoder.port
        self._is_tls = encoder.is_tls
        self._options = options
        self._memory = memory
        self._open_connections = open_connections

    async def connect(self) -> Connection:
        """Open a connection within `connect_timeout`; otherwise raise ConnectTimeout.

        Raises ConnectError if no connection can be made, or if a TLS file cannot be used. After an
        error or a cancellation, no connection stays open.
        """
        try:
            async with asyncio.timeout(self._options.connect_timeout):
                return await self._open_connection()
        except TimeoutError:
            seconds = f"{self._options.connect_timeout:g} s"
            raise ConnectTimeout(f"not connected within {seconds}") from None
        except (OSError, RuntimeError) as error:  # RuntimeError: no thread for getaddrinfo
            raise ConnectError(str(error)) from None

    async def _open_connection(self) -> Connection:
        """Connect to an address of the host; add the connection to `open_connections`.

        If an address has not accepted after 0.25 s, the next address is tried as well, and the
        first to accept is used (RFC 8305). There is no timeout.

        Raises OSError if the host has no address, if no address accepts, if a TLS file cannot be
        used, or if the TLS handshake fails. Raises RuntimeError if the system allows no thread to
        look up the host. After an error or a cancellation, no connection stays open.
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
                    self._options.read_timeout, self._open_connections.discard, self._memory
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
