"""Connection: the interface of one connection to a database; Statement: SQL and its values."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple, Protocol


class Statement(NamedTuple):
    """SQL with a ``%s`` for each of `values`, and no other percent sign."""

    sql: str
    values: tuple[object, ...] = ()


Row = Sequence[Any]
Rows = Sequence[Row]


class Connection(Protocol):
    """One open connection. Run one statement at a time.

    Close it after any exception of `fetch`, CancelledError included: a part of the response may
    still be unread.
    """

    async def fetch(self, statement: Statement) -> Rows:
        """Run a statement in a transaction of its own and return its rows.

        Text is `str`, a date a naive `datetime` in UTC. Raises DatabaseUnavailable (ConnectionLost
        if the connection has ended), QueryFailed or ValueRefused.
        """
        ...

    def close(self) -> None:
        """Close the connection at once, without waiting for the server. Raises nothing."""
        ...


# Opens a connection. Raises the errors of `Connector.__call__`.
Connect = Callable[[], Coroutine[Any, Any, Connection]]
