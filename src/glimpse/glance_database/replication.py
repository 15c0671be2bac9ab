"""Replication: the statements that read the log positions of a primary and of a replica.

The statements need no privilege. A replica is a server that applies the primary's log. MariaDB and
MySQL do so with global transaction ids (GTIDs), PostgreSQL by streaming replication.
"""

from collections.abc import Callable
from typing import NamedTuple

from glimpse.glance_database.connection import Row, Rows, Statement
from glimpse.glance_database.errors import ReplicaNotCurrent
from glimpse.glance_database.log_positions import (
    LogPosition,
    parse_mariadb_position,
    parse_mysql_position,
    parse_postgresql_position,
)


class ReplicaPositions(NamedTuple):
    """Two log positions of a replica.

    `applied` has the primary's changes that the replica has applied. `written` has the same
    changes, and also those that were made on the replica itself. MySQL and PostgreSQL have one
    position for both.
    """

    applied: LogPosition
    written: LogPosition


class Replication(NamedTuple):
    """How log positions are read from one kind of database.

    `primary` and `replica` are the statements to run on a primary and on a replica. `parse_primary`
    and `parse_replica` parse the row that the statement returns. `parse_primary` raises
    ReplicaNotCurrent if the row shows that the server is no primary or has no log. `parse_replica`
    raises ReplicaNotCurrent if the row shows that the server is no replica or does not replicate.
    Both functions raise TypeError or ValueError if the row is malformed.
    """

    primary: Statement
    parse_primary: Callable[[Row], LogPosition]
    replica: Statement
    parse_replica: Callable[[Row], ReplicaPositions]


VERSION = Statement("SELECT VERSION()")


def find_replication(version: Rows) -> Replication:
    """Return the Replication for a server; `version` are the rows of the statement VERSION.

    A version that names neither PostgreSQL nor MariaDB is one of MySQL.
    """
    text = str(version[0][0])
    if text.startswith("PostgreSQL"):
        return _POSTGRESQL
    return _MARIADB if "MariaDB" in text else _MYSQL


def _parse_mariadb_primary(row: Row) -> LogPosition:
    if not row[0]:
        raise ReplicaNotCurrent("the primary has nothing in its binary log: set log_bin there")
    return parse_mariadb_position(row[0], ",".join(filter(None, row)))


def _parse_mariadb_replica(row: Row) -> ReplicaPositions:
    applied, written, running = row
    if not int(running):
        raise ReplicaNotCurrent("it does not replicate: START REPLICA has not been run, or failed")
    return ReplicaPositions(parse_mariadb_position(applied), parse_mariadb_position(written))


# gtid_binlog_state has the last transaction that is in the primary's log of each server, and its
# gtid_slave_pos what it replicated before it was promoted, which need not be in its log.
# gtid_slave_pos of a replica has what was replicated, gtid_current_pos also what was written there.
_MARIADB = Replication(
    Statement(
        "SELECT @@GLOBAL.gtid_binlog_pos, @@GLOBAL.gtid_binlog_state, @@GLOBAL.gtid_slave_pos"
    ),
    _parse_mariadb_primary,
    Statement(
        "SELECT @@GLOBAL.gtid_slave_pos, @@GLOBAL.gtid_current_pos, (SELECT VARIABLE_VALUE"
        " FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'SLAVES_RUNNING')"
    ),
    _parse_mariadb_replica,
)


def _parse_mysql_primary(row: Row) -> LogPosition:
    if not row[0]:
        raise ReplicaNotCurrent(
            "the primary has no global transaction ids: set gtid_mode = ON on both servers"
        )
    return parse_mysql_position(row[0])


def _parse_mysql_replica(row: Row) -> ReplicaPositions:
    position = parse_mysql_position(row[0])
    return ReplicaPositions(position, position)


_GTID_EXECUTED = Statement("SELECT @@GLOBAL.gtid_executed")
_MYSQL = Replication(_GTID_EXECUTED, _parse_mysql_primary, _GTID_EXECUTED, _parse_mysql_replica)


def _parse_postgresql_primary(row: Row) -> LogPosition:
    is_in_recovery, *position = row
    if is_in_recovery:
        raise ReplicaNotCurrent("the server in connection is not a primary: it is in recovery")
    return parse_postgresql_position(*position)


def _parse_postgresql_replica(row: Row) -> ReplicaPositions:
    is_in_recovery, *values = row
    if not is_in_recovery:
        raise ReplicaNotCurrent("it is not a replica: it is not in recovery")
    if None in values:  # pg_last_wal_replay_lsn() is NULL if nothing has been replayed
        raise ReplicaNotCurrent("it has replayed nothing of the primary's log")
    position = parse_postgresql_position(*values)
    return ReplicaPositions(position, position)


# The primary's place is where it inserts, not where it has written to: with synchronous_commit =
# off, a commit that was acknowledged may not be written yet. A replica's control file has the
# timeline of its last restart point, and its receiver the present one, which is NULL for a user
# without pg_read_all_stats.
_WAL = Statement(
    "SELECT pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()),"
    " CASE WHEN pg_is_in_recovery() THEN GREATEST("
    "(SELECT timeline_id FROM pg_control_checkpoint()),"
    " (SELECT min_recovery_end_timeline FROM pg_control_recovery()),"
    " (SELECT received_tli FROM pg_stat_wal_receiver))"
    " ELSE ('x' || LEFT(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END,"
    " (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
    " ELSE pg_current_wal_insert_lsn() END)::text,"
    " current_setting('wal_block_size')::int"
)
_POSTGRESQL = Replication(_WAL, _parse_postgresql_primary, _WAL, _parse_postgresql_replica)
