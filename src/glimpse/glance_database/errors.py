"""Errors of reading Glance's database.

DatabaseError
├── DatabaseUnavailable   no connection, or no result in time
│   └── ConnectionLost    an open connection ended before its result
├── UnknownSchema         the tables have a revision that Glimpse does not know
├── ReplicaNotCurrent     a replica lacks changes of the primary, or may lack some
├── QueryFailed           the database refused the login or a query: missing rights, for example
└── ValueRefused          the database cannot compare a value of the request: send it to Glance

Their texts are for the log of the operator. They name hosts, but hold no password and no value of a
request.
"""


class DatabaseError(Exception):
    """Base of all errors of reading Glance's database."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached, or is too slow."""


class ConnectionLost(DatabaseUnavailable):
    """A connection that was open has ended, or has brought what the driver cannot read."""


class QueryFailed(DatabaseError):
    """The database refused the login, or a query for a reason that is not in the request."""


class ValueRefused(DatabaseError):
    """The database cannot store or compare a value of the request."""


class UnknownSchema(DatabaseError):
    """The tables have a revision that Glimpse does not know."""


class ReplicaNotCurrent(DatabaseError):
    """A replica may not have all changes that the primary had `max_replica_lag` seconds ago.

    The text says why, without the names of hosts.
    """
