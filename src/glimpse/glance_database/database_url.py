"""DatabaseURL: where a database is and how to log in, parsed from SQLAlchemy's form of a URL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

Dialect = Literal["mysql", "postgresql"]

_DIALECTS: Mapping[str, Dialect] = {
    "mysql": "mysql",
    "mariadb": "mysql",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
_DEFAULT_PORTS: Mapping[Dialect, int] = {"mysql": 3306, "postgresql": 5432}
_MAX_PORT = 65535
# Options of the URL that change how the connection is protected, or where it leads. Others, such as
# charset, are for Glance's driver and are ignored.
_OPTIONS: Mapping[Dialect, frozenset[str]] = {
    "mysql": frozenset(
        ("ssl", "ssl_ca", "ssl_cert", "ssl_key", "ssl_check_hostname", "unix_socket")
    ),
    "postgresql": frozenset(("sslmode", "sslrootcert", "sslcert", "sslkey")),
}


class InvalidDatabaseURL(ValueError):
    """A URL that cannot be used. The message says why, without the URL, which has a password."""


class Host(NamedTuple):
    """A host of a database, and its TCP port."""

    name: str
    port: int


@dataclass(frozen=True, slots=True)
class DatabaseURL:
    """A parsed URL. `options` are those of TLS and of the socket, by their names in the URL."""

    dialect: Dialect
    user: str
    password: str = field(repr=False)
    hosts: tuple[Host, ...]
    database: str
    options: Mapping[str, str]


def parse_database_url(text: str) -> DatabaseURL:
    """Parse ``mysql+pymysql://user:password@host:port,other-host/database?option=value``.

    The schemes are mysql, mariadb, postgresql and postgres. A driver after ``+`` and options for
    it, such as ``charset``, are ignored. Raises InvalidDatabaseURL for another scheme, an invalid
    host or port, an unknown option whose name starts with ``ssl``, and if no database is named.
    """
    try:
        parts = urlsplit(text)
    except ValueError:  # its text may have the password
        raise InvalidDatabaseURL("its user, password, host or port is malformed") from None
    dialect = _DIALECTS.get(parts.scheme.partition("+")[0])
    if dialect is None:
        raise InvalidDatabaseURL("it must start with mysql:// or postgresql://")
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    database = unquote(parts.path.removeprefix("/"))
    if not database:
        raise InvalidDatabaseURL("it names no database")
    return DatabaseURL(
        dialect=dialect,
        user=unquote(user),
        password=unquote(password),
        hosts=tuple(_parse_host(host, dialect) for host in hosts.split(",")),
        database=database,
        options=_parse_options(parts.query, dialect),
    )


def _parse_host(text: str, dialect: Dialect) -> Host:
    """Parse ``host``, ``host:port`` or ``[IPv6 address]:port``. Raises InvalidDatabaseURL.

    The defaults are localhost and the port of `dialect`.
    """
    try:
        parts = urlsplit(f"//{text}")
        name, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidDatabaseURL(
            f"a host has an invalid port: use a number up to {_MAX_PORT}"
        ) from None
    return Host(name or "localhost", port or _DEFAULT_PORTS[dialect])


def _parse_options(query: str, dialect: Dialect) -> Mapping[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    known = _OPTIONS[dialect]
    unknown = sorted(name for name in options.keys() - known if name.startswith("ssl"))
    if unknown:
        raise InvalidDatabaseURL(f"its option {unknown[0]} is not supported")
    return {name: value for name, value in options.items() if name in known}
