"""Connector: opens a connection to the first host of a database that can be reached."""

from collections.abc import Callable, Coroutine
from typing import Any

from glimpse.glance_database.connection import Connection
from glimpse.glance_database.database_url import DatabaseURL, Host
from glimpse.glance_database.errors import DatabaseUnavailable
from glimpse.glance_database.schema import check_schema

# Connects to a host. The float is the timeout in seconds; the errors are those of `mysql.connect`.
ConnectToHost = Callable[[DatabaseURL, Host, float], Coroutine[Any, Any, Connection]]


class Connector:
    """Opens connections to the database at `url`, and checks the schema of its tables.

    Tries the host of the last connection first, then the others in the order of the URL, each for
    at most `timeout` seconds. `wrap` gets each connection, and returns the one to use.
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
        """Open a connection.

        Raises DatabaseUnavailable if no host can be reached. Of the first host that can be, raises
        QueryFailed if it refuses the user, and the errors of `check_schema`; then no other is
        tried.
        """
        others = [host for host in self._url.hosts if host != self._last_host]
        failure = DatabaseUnavailable("no host")
        for host in (self._last_host, *others):
            try:
                connection = await self._connect(self._url, host, self._timeout)
            except DatabaseUnavailable as error:
                failure = DatabaseUnavailable(f"{host.name}:{host.port}: {error}")
                continue
            try:
                await check_schema(connection)
            except BaseException:
                connection.close()
                raise
            self._last_host = host
            return self._wrap(connection)
        raise failure


def find_driver(url: DatabaseURL) -> ConnectToHost:
    """Return the function that connects to a database of this kind.

    Raises ImportError if its driver is not installed: the extra ``glance-database`` has it.
    """
    if url.dialect == "postgresql":
        from glimpse.glance_database import postgresql  # noqa: PLC0415  the driver is an extra

        return postgresql.connect
    from glimpse.glance_database import mysql  # noqa: PLC0415  likewise

    return mysql.connect
