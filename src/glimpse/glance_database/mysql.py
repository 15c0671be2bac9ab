"""Connections to MySQL and MariaDB, with asyncmy."""

import asyncio
import ssl
from typing import Any

import asyncmy
from asyncmy import errors

from glimpse.glance_database.connection import Connection, Rows, Statement
from glimpse.glance_database.database_url import FALSE, DatabaseURL, Host, InvalidDatabaseURL
from glimpse.glance_database.errors import (
    ConnectionLost,
    DatabaseError,
    DatabaseUnavailable,
    QueryFailed,
    ValueRefused,
)
from glimpse.glance_database.tls import load_tls_files, login_hint

# The mode with which Glance's own sessions compare values, and in which a backslash escapes.
_SQL_MODE = "TRADITIONAL"
_CHARSET = "utf8mb4"


class MySQLConnection:
    """A Connection over asyncmy. Each statement sees all committed changes (autocommit)."""

    def __init__(self, connection: asyncmy.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: Statement) -> Rows:
        """Run a statement and return its rows.

        Raises ValueRefused, ConnectionLost or another DatabaseError, as `Connection.fetch` says. A
        value with a lone surrogate raises ValueRefused. Any other error that is not one of
        asyncmy's becomes ConnectionLost.
        """
        try:
            async with self._connection.cursor() as cursor:
                await cursor.execute(statement.sql, statement.values)
                rows: Rows = await cursor.fetchall()
                return rows
        except UnicodeEncodeError:
            raise ValueRefused("a text has a character that is not Unicode") from None
        except errors.DataError as error:  # its text may have the value
            raise ValueRefused(f"error {error.args[0] if error.args else ''}") from None
        except (errors.OperationalError, errors.InterfaceError, errors.InternalError) as error:
            raise _operational_error(error) from None
        except errors.Error as error:
            raise QueryFailed(_reason(error)) from None
        except OSError as error:
            raise ConnectionLost(error.strerror or "connection lost") from None
        except Exception as error:  # the driver cannot go on, or cannot read what it got
            raise ConnectionLost(type(error).__name__) from error

    def close(self) -> None:
        """Close the connection at once, without waiting for the server. Raises nothing."""
        self._connection.close()


async def connect(url: DatabaseURL, host: Host, seconds: float) -> Connection:
    """Connect to one host within `seconds`. The session is read-only.

    Raises DatabaseUnavailable if there is no connection within `seconds`, if the host cannot be
    reached, has too many connections or is shutting down, if TLS or one of its files fails, or if
    the driver cannot read a response. Raises QueryFailed if the server refuses the user or the
    database, or reports another error.
    """
    try:
        async with asyncio.timeout(seconds):
            connection = await _log_in(url, host, seconds)
            try:
                async with connection.cursor() as cursor:
                    await cursor.execute("SET SESSION TRANSACTION READ ONLY")
            except BaseException:
                connection.close()
                raise
    except TimeoutError:
        raise DatabaseUnavailable(f"no connection within {seconds:g} seconds") from None
    except InvalidDatabaseURL as error:  # a file of TLS was usable at the start
        raise DatabaseUnavailable(str(error)) from None
    except errors.Error as error:
        raise _login_error(error, url) from None
    except OSError as error:
        raise DatabaseUnavailable(error.strerror or str(error) or "no connection") from None
    except Exception as error:  # lost between two steps of the login, or no MySQL responds
        raise DatabaseUnavailable(f"the login failed: {type(error).__name__}") from error
    return MySQLConnection(connection)


async def _log_in(url: DatabaseURL, host: Host, seconds: float) -> Any:
    """Log in to the database of `url` on one host, and return asyncmy's connection.

    The session commits each statement, and compares texts as Glance's own sessions do. Raises
    InvalidDatabaseURL if a file of a TLS option cannot be used. Also raises OSError and the errors
    of asyncmy.
    """
    return await asyncmy.connect(
        host=host.name,
        port=host.port,
        user=url.user,
        password=url.password,
        database=url.database,
        unix_socket=url.options.get("unix_socket"),
        ssl=await _tls(url),
        charset=_CHARSET,
        autocommit=True,
        sql_mode=_SQL_MODE,
        connect_timeout=seconds,
        # A server may replace the login's charset: with its option init_connect, or with
        # skip-character-set-client-handshake. The driver escapes text as UTF-8.
        init_command=f"SET NAMES {_CHARSET}",
    )


def _login_error(error: Exception, url: DatabaseURL) -> DatabaseError:
    """Return the DatabaseError for an error of asyncmy while it connects to `url`.

    Returns DatabaseUnavailable if the server offers no TLS, and QueryFailed if the server refuses
    the user. Otherwise returns the result of `_operational_error`. If the connection ended and
    `url` has a client certificate, the text adds that the server may not trust it.
    """
    if "WRONG_VERSION_NUMBER" in str(error):  # of its response in plain text
        return DatabaseUnavailable("the server does not offer TLS, which the URL demands")
    if error.args[:1] == (_ACCESS_DENIED,):
        # Without "(using password: YES)": the log would hide YES as if it were a password.
        why = _reason(error).partition(" (using password")[0]
        return QueryFailed(f"{why}; check user and password, and if the user has to use TLS")
    found = _operational_error(error)
    return ConnectionLost(f"{found}{login_hint(url)}") if _is_lost(error) else found


def _is_lost(error: Exception) -> bool:
    return error.args[:1] == (_LOST_CONNECTION,)


def _operational_error(error: Exception) -> DatabaseError:
    """Return the DatabaseError for an error of asyncmy, by its code.

    - ConnectionLost: the code is one of the client (2000 to 2999), the server ended the connection
      or is offline, or there is no code (asyncmy cannot read a packet, for example)
    - DatabaseUnavailable: the server is too busy, or has stopped the statement
    - ValueRefused: the tables cannot store a text of the statement
    - QueryFailed: all other codes
    """
    code = error.args[0] if error.args else None
    if not isinstance(code, int) or code in _CLIENT_ERRORS or code in _SERVER_ENDS:
        return ConnectionLost(_reason(error))
    if code in _SERVER_TOO_BUSY:
        return DatabaseUnavailable(_reason(error))
    if code in _NOT_COMPARABLE:
        return ValueRefused("a text that the tables cannot have")
    return QueryFailed(_reason(error))


_CLIENT_ERRORS = range(2000, 3000)  # the server's own codes are below and above
_ACCESS_DENIED = 1045
_LOST_CONNECTION = 2013
# Codes of MariaDB and MySQL: the tables' character set does not have a character of the value.
_NOT_COMPARABLE = frozenset((1267, 1270, 1271, 1300, 3854, 3988))
# The server ended the connection, or takes none: it is stopping or offline, or the client was idle.
_SERVER_ENDS = frozenset(
    (0, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1927, 3032, 3168, 3169, 4031)
)
_SERVER_TOO_BUSY = frozenset((1040, 1203, 1205, 1213, 1226, 1317, 1969, 3024))


def _reason(error: Exception) -> str:
    """Return the code and the text of an error on one line.

    If the error has neither, returns the name of its class. Call this only for an error whose text
    has no value of the request.
    """
    text = " ".join(str(part) for part in error.args)
    return " ".join(text.split()) or type(error).__name__


async def _tls(url: DatabaseURL) -> ssl.SSLContext | None:
    """Return the TLS context for the options of the URL; None for a connection without TLS.

    There is no TLS if the URL has no option for TLS, or ``ssl=false``. The server's certificate is
    checked with ``ssl_ca``, or without this option with the CA certificates of the system. The host
    name is checked, except with ``ssl_check_hostname=false``. Raises InvalidDatabaseURL if a file
    cannot be used (`load_tls_files`).
    """
    options = url.options
    if options.get("ssl") in FALSE or not any(name.startswith("ssl") for name in options):
        return None
    context = await asyncio.to_thread(load_tls_files, url)
    context.check_hostname = options.get("ssl_check_hostname") not in FALSE
    return context
