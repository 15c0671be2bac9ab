"""Connections to PostgreSQL, with asyncpg."""

import asyncio
import itertools
import re
from functools import lru_cache
from urllib.parse import urlencode

import asyncpg

from glimpse.glance_database.connection import Connection, Rows, Statement
from glimpse.glance_database.database_url import DatabaseURL, Host
from glimpse.glance_database.errors import (
    ConnectionLost,
    DatabaseUnavailable,
    QueryFailed,
    ValueRefused,
)
from glimpse.glance_database.tls import login_hint

_PLACEHOLDER = re.compile("%s")
_FORMS = 1000  # SQL texts: they differ in their filters, and in how many values a filter has
# The server is overloaded, restarts, or has cancelled the statement: classes of SQLSTATE.
_UNAVAILABLE = ("08", "53", "57")
# Settings of a session, so that nothing can be written.
_SETTINGS = {"application_name": "glimpse", "default_transaction_read_only": "on"}


class PostgreSQLConnection:
    """A Connection over asyncpg. Each statement sees all committed changes."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def fetch(self, statement: Statement) -> Rows:
        """Run a statement and return its rows.

        Raises ValueRefused, ConnectionLost or another DatabaseError, as `Connection.fetch` says. A
        value with a lone surrogate raises ValueRefused. Any other error that is not one of
        asyncpg's becomes ConnectionLost.
        """
        try:
            sql = number_placeholders(statement.sql)
            rows: Rows = await self._connection.fetch(sql, *statement.values)
        except (UnicodeEncodeError, asyncpg.DataError) as error:
            raise ValueRefused(type(error).__name__) from None
        except asyncpg.PostgresError as error:
            raise _server_error(error) from None
        except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            raise ConnectionLost(type(error).__name__) from None
        except Exception as error:  # the driver cannot go on, or cannot read what it got
            raise ConnectionLost(type(error).__name__) from error
        return rows

    def close(self) -> None:
        """Close the connection at once, without waiting for the server. Raises nothing."""
        self._connection.terminate()


async def connect(url: DatabaseURL, host: Host, seconds: float) -> Connection:
    """Connect to one host within `seconds`. The session is read-only.

    Raises DatabaseUnavailable if there is no connection within `seconds`, if the host cannot be
    reached, is overloaded (too many connections), or is starting or shutting down, if TLS or one of
    its files fails, if the connection ends during the login, or if the driver cannot read a
    response. Raises QueryFailed if the server refuses the user or the database, or reports another
    error.
    """
    try:
        async with asyncio.timeout(seconds):
            connection = await asyncpg.connect(
                f"postgresql://?{urlencode(url.options)}",
                host=host.name,
                port=host.port,
                user=url.user,
                password=url.password,
                database=url.database,
                timeout=seconds,
                server_settings=_SETTINGS,
                target_session_attrs="any",  # whatever the environment's PGTARGETSESSIONATTRS is
            )
    except TimeoutError:
        raise DatabaseUnavailable(f"no connection within {seconds:g} seconds") from None
    except asyncpg.ConnectionDoesNotExistError as error:  # the server has ended it
        raise ConnectionLost(f"{_server_error(error)}{login_hint(url)}") from None
    except asyncpg.PostgresError as error:
        raise _server_error(error) from None
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise DatabaseUnavailable(_on_one_line(error)) from None
    except OSError as error:
        raise DatabaseUnavailable(error.strerror or str(error) or "no connection") from None
    except Exception as error:  # lost between two steps of the login, or no PostgreSQL responds
        raise DatabaseUnavailable(f"the login failed: {type(error).__name__}") from error
    return PostgreSQLConnection(connection)


@lru_cache(_FORMS)
def number_placeholders(sql: str) -> str:
    """Return `sql` with ``$1``, ``$2`` and so on in place of each ``%s``, as asyncpg needs."""
    numbers = itertools.count(1)
    return _PLACEHOLDER.sub(lambda _: f"${next(numbers)}", sql)


def _server_error(error: asyncpg.PostgresError) -> DatabaseUnavailable | QueryFailed:
    """Return the DatabaseError for an error that the server sent, by its SQLSTATE.

    Returns ConnectionLost if the server is overloaded, stops, or has cancelled the statement
    (classes 08, 53 and 57). Otherwise returns QueryFailed.
    """
    state = error.sqlstate or ""
    reason = f"{state} {_on_one_line(error.args[0] if error.args else type(error).__name__)}"
    if state.startswith(_UNAVAILABLE):
        return ConnectionLost(reason)
    return QueryFailed(reason)


def _on_one_line(text: object) -> str:
    return " ".join(str(text).split())
