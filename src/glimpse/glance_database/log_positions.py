"""LogPosition: a position in the log that a primary writes and its replicas apply.

A position says which transactions a server has. MariaDB and MySQL identify transactions by global
transaction ids (GTIDs), PostgreSQL by places in the write-ahead log.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeGuard

_OTHER_LOG = "it does not replicate the primary"


class LogPosition(Protocol):
    """Which transactions a server had at some moment.

    If `other` is from another kind of database, or from another PostgreSQL cluster, `covers` and
    `is_ahead_of` return False, and `mismatch` returns a reason.
    """

    def covers(self, other: "LogPosition") -> bool:
        """Return True if a server at this position has all transactions of `other`.

        A position covers itself.
        """
        ...

    def is_ahead_of(self, other: "LogPosition") -> bool:
        """Return True if this position has a transaction that `other` does not have.

        A position of MariaDB does not count domains that `other` does not have.
        """
        ...

    def mismatch(self, other: "LogPosition") -> str | None:
        """Return why a replica at this position does not follow a primary at `other`.

        Returns None if both positions may be in the same log.
        """
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
    """A position of MariaDB: the last transaction of each replication domain, by domain id.

    `history` has the number of the last transaction of each server in each domain. Its keys are
    pairs (domain id, server id). If `history` is None, the position is taken to have all
    transactions with lower numbers than the last one of the domain. After a failover, that can be
    wrong: a new primary may lack transactions of the old primary. Only its `history` shows that.
    """

    domains: Mapping[int, LastTransaction]
    history: Mapping[tuple[int, int], int] | None = None

    def covers(self, other: LogPosition) -> bool:
        """Return True if a server at this position has all transactions of `other`.

        So for each domain of `other`, `domains` must have the same last transaction, or one with a
        higher number. Within a domain, the numbers grow, even if another server becomes primary.
        """
        return isinstance(other, MariaDBPosition) and all(
            domain in self.domains and _is_at_least(self.domains[domain], last)
            for domain, last in other.domains.items()
        )

    def is_ahead_of(self, other: LogPosition) -> bool:
        """Return True if `other` lacks the last transaction of a domain that both positions have.

        `other.has` decides if `other` lacks a transaction. Domains that only this position has are
        ignored, because the primary did not write their transactions.
        """
        return isinstance(other, MariaDBPosition) and not all(
            other.has(domain, last)
            for domain, last in self.domains.items()
            if domain in other.domains
        )

    def has(self, domain: int, last: LastTransaction) -> bool:
        """Return True if a server at this position has the transaction `last` of `domain`.

        Raises KeyError if `domain` is not in `domains`. Without a `history`, all transactions with
        lower numbers than the last one of the domain are assumed to be present.
        """
        if not _is_at_least(self.domains[domain], last):
            return False
        return self.history is None or self.history.get((domain, last.server), -1) >= last.number

    def mismatch(self, other: LogPosition) -> str | None:
        """Return a reason if the two positions have no domain in common, otherwise None.

        Also returns a reason if `other` is no MariaDBPosition.
        """
        if not isinstance(other, MariaDBPosition) or self.domains.keys().isdisjoint(other.domains):
            return _OTHER_LOG
        return None


def _is_at_least(last: LastTransaction, other: LastTransaction) -> bool:
    """Return True if the transaction `last` is `other`, or has a higher number than `other`.

    Both transactions are of the same domain.
    """
    return last.number > other.number or last == other


def parse_mariadb_position(text: str, history: str | None = None) -> MariaDBPosition:
    """Parse a GTID position of MariaDB, such as ``0-1-1234,5-2-77``.

    The three numbers of a GTID are the domain, the server and the transaction. `history` is a list
    of GTIDs, too. If `history` has several GTIDs of one domain and server, the highest transaction
    counts. An empty text has no domains. Line breaks are ignored. Raises ValueError if a text is
    malformed.
    """
    domains = dict(_parse_gtids(text))
    if history is None:
        return MariaDBPosition(domains)
    numbers: dict[tuple[int, int], int] = {}
    for domain, last in _parse_gtids(history):
        known = numbers.get((domain, last.server), last.number)
        numbers[domain, last.server] = max(known, last.number)
    return MariaDBPosition(domains, numbers)


def _parse_gtids(text: str) -> Iterator[tuple[int, LastTransaction]]:
    for gtid in filter(None, text.replace("\n", "").split(",")):
        domain, server, number = map(int, gtid.split("-"))
        yield domain, LastTransaction(number, server)


Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class MySQLPosition:
    """A position of MySQL: the numbers of all transactions of each source.

    A key of `sources` is the UUID of a server, or ``UUID:tag`` for its transactions with that tag.
    The value has intervals (first, last) of transaction numbers. The intervals are in ascending
    order, with gaps between them.
    """

    sources: Mapping[str, tuple[Interval, ...]]

    def covers(self, other: LogPosition) -> bool:
        """Return True if `sources` has all transaction numbers of all sources of `other`."""
        return isinstance(other, MySQLPosition) and all(
            _contains(self.sources.get(source, ()), interval)
            for source, intervals in other.sources.items()
            for interval in intervals
        )

    def is_ahead_of(self, other: LogPosition) -> bool:
        """Return True if `other` lacks a transaction of this position, of any source.

        Returns False if `other` is no MySQLPosition.
        """
        return isinstance(other, MySQLPosition) and not other.covers(self)

    def mismatch(self, other: LogPosition) -> str | None:
        """Return a reason if the two positions have no source in common, otherwise None.

        Also returns a reason if `other` is no MySQLPosition.
        """
        if not isinstance(other, MySQLPosition) or self.sources.keys().isdisjoint(other.sources):
            return _OTHER_LOG
        return None


def _contains(intervals: tuple[Interval, ...], wanted: Interval) -> bool:
    """Return True if one of `intervals` contains the whole interval `wanted`.

    `intervals` are in ascending order, with gaps between them.
    """
    low, high = wanted
    index = bisect_right(intervals, low, key=lambda interval: interval[0]) - 1
    return index >= 0 and high <= intervals[index][1]


def parse_mysql_position(text: str) -> MySQLPosition:
    """Parse a GTID set of MySQL, such as ``UUID:1-5:7,UUID:tag:1-3``.

    In the example, the server ``UUID`` has written the transactions 1 to 5 and 7, and with the tag
    ``tag`` the transactions 1 to 3. An empty text has no sources. Line breaks are ignored. Raises
    ValueError if a transaction number is malformed. UUIDs are not checked.
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

    `system` identifies the cluster. `timeline` is the number of the timeline; each promotion of a
    replica begins the next timeline. `place` is the number of bytes from the beginning of the log.
    """

    system: int
    timeline: int
    place: int

    def covers(self, other: LogPosition) -> bool:
        """Return True if both positions are of one cluster and `other` is not after this place.

        The timelines may differ.
        """
        return self._is_comparable(other) and self.place >= other.place

    def is_ahead_of(self, other: LogPosition) -> bool:
        """Return True if both positions are of one cluster and `other` is before this place.

        The timelines may differ.
        """
        return self._is_comparable(other) and self.place > other.place

    def mismatch(self, other: LogPosition) -> str | None:
        """Return a reason if the cluster or the timeline of the positions differs, otherwise None.

        After a failover, a replica that follows the new primary may still report the previous
        timeline, until its next restart point. Until then, this returns a reason for it, too.
        """
        if not self._is_comparable(other):
            return _OTHER_LOG
        if self.timeline != other.timeline:
            return (
                f"it is on timeline {self.timeline}, and the primary on {other.timeline}: "
                "it follows another server, or needs a CHECKPOINT after the failover"
            )
        return None

    def _is_comparable(self, other: LogPosition) -> TypeGuard["PostgreSQLPosition"]:
        return isinstance(other, PostgreSQLPosition) and self.system == other.system


def parse_postgresql_position(
    system: int, timeline: int, text: str, block_size: int
) -> PostgreSQLPosition:
    """Parse a place in the write-ahead log, such as ``16/B374D848``.

    `system` and `timeline` are as in PostgreSQLPosition. The log has blocks of `block_size` bytes,
    each with a header of at most 40 bytes. A place up to 40 bytes into a block becomes the start of
    the block, so that the places before and after a header are equal. If a record ends with a
    block, a replica reports the place before the next header, and the primary the place after it.
    Raises ValueError if `text` is malformed.
    """
    high, low = text.split("/")
    place = (int(high, 16) << 32) + int(low, 16)
    into_block = place % block_size
    if into_block <= _MAX_HEADER:
        place -= into_block
    return PostgreSQLPosition(system, timeline, place)


_MAX_HEADER = 40  # bytes of the longest header of a block; no record is as short
