"""DatabaseOptions: where Glance's database is, and how it is used."""

from dataclasses import dataclass

from glimpse.glance_database.database_url import DatabaseURL


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """How Glance's database is used. Times are in seconds.

    `falls_back`: Glance's API is read while the database cannot be. `pool_size`: the most
    connections. `timeout`: for a statement, with the wait for a connection. `page_size`: the most
    images of a page. `connection_lifetime`: how long a connection is used. Only tests set the last
    two; the others are options of ``[glance_database]``.
    """

    url: DatabaseURL
    falls_back: bool
    pool_size: int
    connect_timeout: float
    timeout: float
    page_size: int = 2000
    connection_lifetime: float = 300.0
