"""Connector: opens a connection to the first reachable host of a database."""

from collections.abc import Callable, Coroutine
from typing import Any

from glimpse.glance_database.connection import Connection
from glimpse.glance_database.database_url import DatabaseURL, Host
from glimpse.glance_database.errors import DatabaseUnavailable
from glimpse.glance_database.schema_revision import check_schema

# Connects to a host within a timeout in seconds. Raises DatabaseUnavailable, or QueryFailed if the
# server refuses the user or the database.
ConnectToHost = Callable[[DatabaseURL, Host, float], Coroutine[Any, Any, Connection]]


class Connector:
    """Opens connections to the database at `url`, and checks the schema of its tables.

    Tries the host of the last successful connection first, and then the others in the order of the
    URL. `timeout` is in seconds, for the connection to each host. `connect` is the function that
    `find_driver` returns. `wrap` gets each new connection and returns the connection to use, such
    as a LagLimitedConnection.
    """

    def __init__(
        self,
        url: DatabaseURL,
        timeout: float,
        connect: ConnectToHost,
        wrap: Callable[[Connection], Connection],
    ) -> None:
        self._url = url
        self._timeout = timeout
        self._connect = connect
        self._wrap = wrap
        self._last_host = url.hosts[0]

    async def __call__(self) -> Connection:
        """Open a connection to the first host that can be reached, and check the schema.

        Raises DatabaseUnavailable with the reason of each host if no host can be reached. If the
        host that was reached fails, raises, without trying the next host

        - QueryFailed if the host refuses the user, the database or the reading of the schema
        - UnknownSchema if Glimpse does not know the schema
        - another DatabaseError if reading the schema fails otherwise

        The check of the schema has no timeout of its own. If the check fails or is cancelled, the
        connection is closed.
        """
        others = [host for host in self._url.hosts if host != self._last_host]
        failures = []
        for host in (self._last_host, *others):
            try:
                connection = await self._connect(self._url, host, self._timeout)
            except DatabaseUnavailable as error:
                failures.append(f"{host}: {error}")
                continue
            try:
                await check_schema(connection)
            except BaseException:
                connection.close()
                raise
            self._last_host = host
            return self._wrap(connection)
        raise DatabaseUnavailable("; ".join(failures))


def find_driver(url: DatabaseURL) -> ConnectToHost:
    """Return the function that connects to the kind of database that `url` names.

    The function is `mysql.connect` or `postgresql.connect`. Raises ImportError if the driver is not
    installed. The extra ``glance-database`` installs the drivers.
    """
    if url.dialect == "postgresql":
        from glimpse.glance_database import postgresql  # noqa: PLC0415  the driver is an extra

        return postgresql.connect
    from glimpse.glance_database import mysql  # noqa: PLC0415  likewise

    return mysql.connect
