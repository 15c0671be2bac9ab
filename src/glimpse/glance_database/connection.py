"""Connection: the interface of one connection to a database; Statement: SQL and its values."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple, Protocol


class Statement(NamedTuple):
    """SQL with a ``%s`` for each of `values`. It has no other percent sign."""

    sql: str
    values: tuple[object, ...] = ()


Row = Sequence[Any]
Rows = Sequence[Row]


class Connection(Protocol):
    """One open connection, which is used for one statement at a time.

    Close it after any exception of `fetch`, CancelledError included: it may be in the middle of a
    response.
    """

    async def fetch(self, statement: Statement) -> Rows:
        """Run a statement in a transaction of its own and return its rows.

        Text is `str`, a date a naive `datetime` in UTC. Raises ConnectionLost, QueryFailed or
        ValueRefused.
        """
        ...

    def close(self) -> None:
        """Close the connection at once, without waiting for the server. Raises nothing."""
        ...


# Opens a connection. Raises DatabaseUnavailable, or QueryFailed if the server refuses the user.
Connect = Callable[[], Coroutine[Any, Any, Connection]]
