"""Connection: the interface of a connection to a database; Statement: SQL and its values."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple, Protocol


class Statement(NamedTuple):
    """SQL with a ``%s`` for each of `values`, in order, and no other percent sign."""

    sql: str
    values: tuple[object, ...] = ()


Row = Sequence[Any]
Rows = Sequence[Row]


class Connection(Protocol):
    """One open connection to a database. Run one statement at a time.

    Close the connection after any exception of `fetch`, including CancelledError, because a part of
    the response may still be unread.
    """

    async def fetch(self, statement: Statement) -> Rows:
        """Run a statement in a transaction of its own and return its rows.

        Text values are `str`, dates are naive `datetime` values in UTC. Raises ValueRefused if the
        database cannot compare a value of the statement. Raises ConnectionLost if the connection
        has ended, or if the driver cannot read the response. Raises another DatabaseError if the
        statement fails for any other reason.
        """
        ...

    def close(self) -> None:
        """Close the connection at once, without waiting for the server. Raises nothing."""
        ...


# Opens a connection. Raises DatabaseError, as `Connector.__call__` does.
Connect = Callable[[], Coroutine[Any, Any, Connection]]
