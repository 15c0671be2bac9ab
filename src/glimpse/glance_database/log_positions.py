"""LogPosition: a position in the log that a primary writes and its replicas apply.

A position says which transactions a server has. MariaDB and MySQL identify transactions by global
transaction ids (GTIDs), PostgreSQL by places in the write-ahead log.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeGuard


class LogPosition(Protocol):
    """Which transactions a server had at some moment.

    If `other` is from another kind of database, all methods return False.
    """

    def covers(self, other: "LogPosition") -> bool:
        """Return True if a server at this position has all transactions of `other`."""
        ...

    def is_ahead_of(self, other: "LogPosition") -> bool:
        """Return True if this position has a transaction that `other` does not have."""
        ...

    def shares_log_with(self, other: "LogPosition") -> bool:
        """Return True if both positions are in the same log, as of a primary and its replica."""
        ...


class LastTransaction(NamedTuple):
    """The last transaction of a replication domain of MariaDB.

    `number` counts the transactions of the domain. `server` is the id of the server that wrote this
    transaction.
    """

    number: int
    server: int


@dataclass(frozen=True, slots=True)
class MariaDBPosition:
    """A position of MariaDB: the last transaction of each replication domain, by domain id."""

    domains: Mapping[int, LastTransaction]

    def covers(self, other: LogPosition) -> bool:
        """See `LogPosition.covers`.

        Within a domain, the numbers of transactions always grow, even if another server becomes
        primary.
        """
        return isinstance(other, MariaDBPosition) and all(
            domain in self.domains and _is_at_least(self.domains[domain], last)
            for domain, last in other.domains.items()
        )

    def is_ahead_of(self, other: LogPosition) -> bool:
        """See `LogPosition.is_ahead_of`.

        Domains that only this position has are ignored: their transactions were not written by the
        primary.
        """
        return isinstance(other, MariaDBPosition) and not all(
            _is_at_least(last, self.domains[domain])
            for domain, last in other.domains.items()
            if domain in self.domains
        )

    def shares_log_with(self, other: LogPosition) -> bool:
        """See `LogPosition.shares_log_with`."""
        return isinstance(other, MariaDBPosition) and not self.domains.keys().isdisjoint(
            other.domains
        )


def _is_at_least(last: LastTransaction, other: LastTransaction) -> bool:
    """Return True if the transaction `last` is `other`, or comes after `other`."""
    return last.number > other.number or last == other


def parse_mariadb_position(text: str) -> MariaDBPosition:
    """Parse a GTID position of MariaDB, such as ``0-1-1234,5-2-77``.

    The three numbers of a GTID are the domain, the server and the transaction. Raises ValueError if
    the text is malformed.
    """
    domains = {}
    for gtid in filter(None, text.replace("\n", "").split(",")):
        domain, server, number = map(int, gtid.split("-"))
        domains[domain] = LastTransaction(number, server)
    return MariaDBPosition(domains)


Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class MySQLPosition:
    """A position of MySQL: the numbers of all transactions of each source.

    A key of `sources` is the UUID of a server, or ``UUID:tag``. The value has intervals (first,
    last) of transaction numbers. The intervals are in ascending order, with gaps between them.
    """

    sources: Mapping[str, tuple[Interval, ...]]

    def covers(self, other: LogPosition) -> bool:
        """See `LogPosition.covers`."""
        return isinstance(other, MySQLPosition) and all(
            _contains(self.sources.get(source, ()), interval)
            for source, intervals in other.sources.items()
            for interval in intervals
        )

    def is_ahead_of(self, other: LogPosition) -> bool:
        """See `LogPosition.is_ahead_of`."""
        return isinstance(other, MySQLPosition) and not other.covers(self)

    def shares_log_with(self, other: LogPosition) -> bool:
        """See `LogPosition.shares_log_with`."""
        return isinstance(other, MySQLPosition) and not self.sources.keys().isdisjoint(
            other.sources
        )


def _contains(intervals: tuple[Interval, ...], wanted: Interval) -> bool:
    """Return True if one of `intervals`, which are ordered and have gaps, contains `wanted`."""
    low, high = wanted
    index = bisect_right(intervals, low, key=lambda interval: interval[0]) - 1
    return index >= 0 and high <= intervals[index][1]


def parse_mysql_position(text: str) -> MySQLPosition:
    """Parse a GTID set of MySQL, such as ``UUID:1-5:7,UUID:tag:1-3``.

    In the example, the server ``UUID`` has written the transactions 1 to 5 and 7, and with the tag
    ``tag`` the transactions 1 to 3. Line breaks are ignored. Raises ValueError if a transaction
    number is malformed.
    """
    sources: dict[str, tuple[Interval, ...]] = {}
    for part in filter(None, text.replace("\n", "").split(",")):
        source, *items = part.strip().split(":")
        name = source
        for item in items:
            if not item[:1].isdigit():
                name = f"{source}:{item}"
                continue
            low, _, high = item.partition("-")
            sources[name] = (*sources.get(name, ()), (int(low), int(high or low)))
    return MySQLPosition(sources)


@dataclass(frozen=True, slots=True)
class PostgreSQLPosition:
    """A place in the write-ahead log of a PostgreSQL cluster.

    `system` identifies the cluster. `place` is the number of bytes from the beginning of the log.
    """

    system: int
    place: int

    def covers(self, other: LogPosition) -> bool:
        """See `LogPosition.covers`."""
        return self._is_comparable(other) and self.place >= other.place

    def is_ahead_of(self, other: LogPosition) -> bool:
        """See `LogPosition.is_ahead_of`."""
        return self._is_comparable(other) and self.place > other.place

    def shares_log_with(self, other: LogPosition) -> bool:
        """See `LogPosition.shares_log_with`."""
        return self._is_comparable(other)

    def _is_comparable(self, other: LogPosition) -> TypeGuard["PostgreSQLPosition"]:
        return isinstance(other, PostgreSQLPosition) and self.system == other.system


def parse_postgresql_position(system: int, text: str, block_size: int) -> PostgreSQLPosition:
    """Parse a place in the write-ahead log, such as ``16/B374D848``.

    `system` identifies the cluster. The log has blocks of `block_size` bytes, which begin with a
    header. If a record ends at the end of a block, a replica reports the end of the record, but the
    primary reports the place after the next header. In both cases the result is the end of the
    record. Raises ValueError if `text` is malformed.
    """
    high, low = text.split("/")
    place = (int(high, 16) << 32) + int(low, 16)
    into_block = place % block_size
    return PostgreSQLPosition(system, place - into_block if into_block <= _MAX_HEADER else place)


_MAX_HEADER = 40  # bytes of the longest header of a block; no record is as short
