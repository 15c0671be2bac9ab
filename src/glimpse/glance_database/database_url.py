"""DatabaseURL: where a database is and how to log in, parsed from a URL as in SQLAlchemy."""

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
# Options of the URL that change how the connection is protected, or where it leads. All options
# that are neither here nor in _REFUSED, such as charset, are for Glance's driver and are ignored.
_OPTIONS: Mapping[Dialect, frozenset[str]] = {
    "mysql": frozenset(
        ("ssl", "ssl_ca", "ssl_cert", "ssl_key", "ssl_check_hostname", "unix_socket")
    ),
    "postgresql": frozenset(("sslmode", "sslrootcert", "sslcert", "sslkey")),
}
FALSE = frozenset(("0", "false", "no", "off"))
_FLAGS = FALSE | frozenset(("1", "true", "yes", "on"))
# Options that have only some values. The case of a value does not matter.
_VALUES: Mapping[str, frozenset[str]] = {
    "ssl": _FLAGS,
    "ssl_check_hostname": _FLAGS,
    "sslmode": frozenset(("disable", "allow", "prefer", "require", "verify-ca", "verify-full")),
}
# Options that have no effect without another option.
_NEEDED: Mapping[str, str] = {"ssl_key": "ssl_cert", "sslkey": "sslcert"}
# Options that make Glance's driver connect to another database, or log in as another user.
_REFUSED: Mapping[Dialect, frozenset[str]] = {
    "mysql": frozenset(
        (
            *("host", "port", "user", "password", "passwd", "database", "db"),
            *("read_default_file", "read_default_group"),
        )
    ),
    "postgresql": frozenset(
        ("host", "hostaddr", "port", "user", "password", "passfile", "dbname", "service", "options")
    ),
}


class InvalidDatabaseURL(ValueError):
    """A URL of a database, or a TLS file that the URL names, cannot be used.

    The message says why. The message does not have the URL, because the URL has a password.
    """


class Host(NamedTuple):
    """A host of a database: its name or IP address (IPv6 without brackets), and its TCP port."""

    name: str
    port: int

    def __str__(self) -> str:
        """Return ``name:port``, with an IPv6 address in brackets."""
        return f"{f'[{self.name}]' if ':' in self.name else self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class DatabaseURL:
    """A parsed URL of a database. User, password, database and options are percent-decoded.

    `options` has the options of the URL for TLS and for the Unix socket, by their names in the URL
    (``ssl_ca``, ``sslmode``). All other options of the URL are left out. `user` and `password` are
    empty if the URL has none. There is at least one host.
    """

    dialect: Dialect
    user: str
    password: str = field(repr=False)
    hosts: tuple[Host, ...]
    database: str
    options: Mapping[str, str]


def parse_database_url(text: str) -> DatabaseURL:
    """Parse ``mysql+pymysql://user:password@host:port,other-host/database?option=value``.

    The schemes are mysql, mariadb, postgresql and postgres. A driver after ``+`` is ignored, and so
    are options for the driver, such as ``charset``. If an option is repeated, the last value
    counts. The default host is localhost, and the default port is that of the kind of database. As
    in SQLAlchemy, write ``%40`` for an ``@`` in a password, and ``%25`` for a percent sign.

    Raises InvalidDatabaseURL for

    - any other scheme, a missing database name, an invalid port, and malformed brackets of a host
    - an option that names another server, user or database, such as ``host``
    - an unknown option whose name starts with ``ssl``
    - an option for TLS or the Unix socket that is empty, or has an invalid value; files are not
      checked
    - ``ssl_key`` without ``ssl_cert``, ``sslkey`` without ``sslcert``, and any other option
      ``ssl_...`` with ``ssl=false``
    """
    scheme, _, rest = text.partition("://")
    dialect = _DIALECTS.get(scheme.lower().partition("+")[0])
    if dialect is None:
        raise InvalidDatabaseURL("it must start with mysql:// or postgresql://")
    credentials, place = _split_credentials(rest)
    user, _, password = credentials.partition(":")
    place, _, query = place.partition("?")
    hosts, _, path = place.partition("/")
    database = unquote(path)
    if not database:
        raise InvalidDatabaseURL("it names no database")
    return DatabaseURL(
        dialect=dialect,
        user=unquote(user),
        password=unquote(password),
        hosts=tuple(_parse_host(host, dialect) for host in hosts.split(",")),
        database=database,
        options=_parse_options(query, dialect),
    )


def _split_credentials(text: str) -> tuple[str, str]:
    """Split a URL without its scheme into ``user:password`` and the text after the ``@``.

    If the URL has no user, the first text is empty, and the second text is `text`. A password may
    have an ``@``, too: ``user:a@b@host/name`` -> ``user:a@b``, ``host/name``.
    """
    credentials, at_sign, place = text.partition("@")
    if not at_sign or "/" in credentials.partition(":")[0]:
        return "", text
    more, at_sign, hosts = place.partition("/")[0].rpartition("@")  # of a password that has an @
    if not at_sign:
        return credentials, place
    return f"{credentials}@{more}", hosts + place[len(more) + 1 + len(hosts) :]


def _parse_host(text: str, dialect: Dialect) -> Host:
    """Parse ``host``, ``host:port`` or ``[IPv6 address]:port``. The name becomes lower case.

    The host is localhost if the name is missing. The port is that of `dialect` if the port is
    missing or 0. Raises InvalidDatabaseURL for an invalid port or malformed brackets.
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
    refused = _REFUSED[dialect]
    unknown = sorted(
        name for name in options.keys() - known if name.startswith("ssl") or name in refused
    )
    if unknown:
        raise InvalidDatabaseURL(f"its option {unknown[0]} is not supported")
    found = {name: value for name, value in options.items() if name in known}
    for name, values in _VALUES.items():
        if name in found:
            found[name] = _choose(name, found[name], values)
    _check_combination(found)
    return found


def _choose(name: str, value: str, values: frozenset[str]) -> str:
    """Return `value` in lower case. Raises InvalidDatabaseURL if `values` do not have it.

    `name` is the name of the option, for the message.
    """
    if value.lower() not in values:
        raise InvalidDatabaseURL(f"its option {name} must be one of {', '.join(sorted(values))}")
    return value.lower()


def _check_combination(options: Mapping[str, str]) -> None:
    """Raise InvalidDatabaseURL if one of `options` is empty or has no effect.

    ``ssl_key`` has no effect without ``ssl_cert``, nor ``sslkey`` without ``sslcert``. With
    ``ssl=false``, the options that begin with ``ssl_`` have no effect.
    """
    for name, value in options.items():
        if not value:
            raise InvalidDatabaseURL(f"its option {name} is empty")
        if _NEEDED.get(name, name) not in options:
            raise InvalidDatabaseURL(f"its option {name} needs {_NEEDED[name]}")
        if name.startswith("ssl_") and options.get("ssl") in FALSE:
            raise InvalidDatabaseURL(f"its option {name} has no effect with ssl={options['ssl']}")
