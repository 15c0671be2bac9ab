"""DatabaseOptions: the options to read Glance's database."""

from dataclasses import dataclass

from glimpse.glance_database.database_url import DatabaseURL


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """Where the database is, and the bounds of its use. Times are in seconds.

    The fields up to `timeout` are options of ``[glance_database]``, whose defaults are in
    `settings.options`. The others are constants, for tests to set: a page has at most `page_size`
    images; a connection is used for `connection_lifetime`.
    """

    url: DatabaseURL
    falls_back: bool
    pool_size: int
    connect_timeout: float
    timeout: float
    page_size: int = 2000
    connection_lifetime: float = 300.0
