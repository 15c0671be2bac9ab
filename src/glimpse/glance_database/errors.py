"""Errors of reading Glance's database.

DatabaseError
├── DatabaseUnavailable   no connection, or no result in time
│   ├── ConnectionLost    an open connection ended before its result
│   └── DatabaseBusy      the database works, but all connections of the pool were in use
├── UnknownSchema         the tables have a revision that Glimpse does not know
├── ReplicaNotCurrent     a replica differs from the primary, or may differ
├── QueryFailed           the database refused the login or a query: missing rights, for example
└── ValueRefused          the database cannot compare a value: send the request to Glance

The texts of these errors are for the operator's log. They may name hosts, but never have a password
or a value of a request.
"""


class DatabaseError(Exception):
    """Base of all errors of reading Glance's database."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached, is too slow or too busy, or is not called.

    After repeated failures, the database is not called until it works again.
    """


class ConnectionLost(DatabaseUnavailable):
    """A connection ended, or the driver cannot read what the server sent.

    PostgreSQL's errors of the classes 08, 53 and 57 are ConnectionLost, too: the connection failed,
    the server is overloaded, or it stops or has cancelled the statement.
    """


class DatabaseBusy(DatabaseUnavailable):
    """A statement waited too long for a connection, while other statements got results."""


class QueryFailed(DatabaseError):
    """The database refused the login, or a statement failed, though not because of a value.

    A missing privilege is an example.
    """


class ValueRefused(DatabaseError):
    """The database cannot compare a value of the request with the values in its tables.

    A text with a character that the tables cannot store is an example. Send the request to Glance.
    """


class UnknownSchema(DatabaseError):
    """The tables have a schema revision that Glimpse does not know, or no revision."""


class ReplicaNotCurrent(DatabaseError):
    """A replica may lack changes that are `max_replica_lag` seconds old, or is no replica.

    Also raised if the replica has changes that the primary lacks, or if their positions in the log
    cannot be compared.
    `reason` says why, without names of hosts. The text of the error is `reason` and then `detail`,
    which may name hosts.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
