"""DatabaseOptions: where Glance's database is, and how it is used."""

from dataclasses import dataclass

from glimpse.glance_database.database_url import DatabaseURL


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """How Glance's database, or one of its replicas, is used. Times are in seconds.

    - `falls_back`: True if images are read from Glance's API while the database cannot be read.
    - `pool_size`: the most connections of one process.
    - `connect_timeout`: for the connection to one host.
    - `timeout`: for a statement, including the wait for a connection.
    - `page_size`: the most images of a page of a list.
    - `connection_lifetime`: how long a connection is used before a new one replaces it.

    Only tests set `page_size` and `connection_lifetime`. The other fields are options of
    ``[glance_database]``.
    """

    url: DatabaseURL
    falls_back: bool
    pool_size: int
    connect_timeout: float
    timeout: float
    page_size: int = 2000
    connection_lifetime: float = 300.0
