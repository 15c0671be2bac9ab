"""LogPosition: a position in the log that a primary writes and its replicas apply.

It says which transactions a server has. Those of MariaDB and MySQL are global transaction
ids (GTIDs), those of PostgreSQL places in the write-ahead log.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeGuard


class LogPosition(Protocol):
    """Which transactions a server had at some moment.

    Compared with a position of another kind of database, all methods return False.
    """

    def covers(self, other: "LogPosition") -> bool:
        """Return True if a server at this position has all transactions of `other`."""
        ...

    def is_ahead_of(self, other: "LogPosition") -> bool:
        """Return True if this position has a transaction that `other` has not."""
        ...

    def shares_log_with(self, other: "LogPosition") -> bool:
        """Return True if both are positions in the same log, as of a primary and its replica."""
        ...


class LastTransaction(NamedTuple):
    """The last transaction of a domain of MariaDB: its number, and the server that wrote it."""

    number: int
    server: int


@dataclass(frozen=True, slots=True)
class MariaDBPosition:
    """The last transaction of each replication domain."""

    domains: Mapping[int, LastTransaction]

    def covers(self, other: LogPosition) -> bool:
        """See `LogPosition.covers`.

        Numbers grow within a domain, also from one server to the next.
        """
        return isinstance(other, MariaDBPosition) and all(
            domain in self.domains and _is_at_least(self.domains[domain], last)
            for domain, last in other.domains.items()
        )

    def is_ahead_of(self, other: LogPosition) -> bool:
        """See `LogPosition.is_ahead_of`.

        Ignores domains that only this position has: they are the replica's.
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
    """Return True if `last` is `other`, or comes after it."""
    return last.number > other.number or last == other


def parse_mariadb_position(text: str) -> MariaDBPosition:
    """Parse ``0-1-1234,5-2-77``: domain, server and number. Raises ValueError."""
    domains = {}
    for gtid in filter(None, text.replace("\n", "").split(",")):
        domain, server, number = map(int, gtid.split("-"))
        domains[domain] = LastTransaction(number, server)
    return MariaDBPosition(domains)


Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class MySQLPosition:
    """The transactions of each source, by its UUID and tag, in ordered intervals with gaps."""

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
    """Return True if one of the intervals, which are in order and have gaps, contains `wanted`."""
    low, high = wanted
    index = bisect_right(intervals, low, key=lambda interval: interval[0]) - 1
    return index >= 0 and high <= intervals[index][1]


def parse_mysql_position(text: str) -> MySQLPosition:
    """Parse ``uuid:1-5:7,uuid:tag:1-3``, with line breaks after commas. Raises ValueError."""
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
    """A place in the write-ahead log of a cluster, which `system` identifies."""

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
    """Parse ``16/B374D848``. Raises ValueError.

    If a record ends with a block, the primary names the place after the header of the next block,
    and the replica the end of the record. Both become the latter.
    """
    high, low = text.split("/")
    place = (int(high, 16) << 32) + int(low, 16)
    into_block = place % block_size
    return PostgreSQLPosition(system, place - into_block if into_block <= _MAX_HEADER else place)


_MAX_HEADER = 40  # bytes of the longest header of a block; no record is as short
