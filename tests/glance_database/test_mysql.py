"""Errors of asyncmy, and what callers get instead."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest
from asyncmy import errors

from glimpse.glance_database.connection import Statement
from glimpse.glance_database.errors import (
    ConnectionLost,
    DatabaseError,
    DatabaseUnavailable,
    QueryFailed,
    ValueRefused,
)
from glimpse.glance_database.mysql import MySQLConnection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncmy


class FailingDriver:
    """A connection of asyncmy whose cursors fail with `error`."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    @asynccontextmanager
    async def cursor(self) -> "AsyncIterator[None]":
        raise self._error
        yield


async def test_a_packet_that_the_driver_cannot_read_means_that_the_connection_is_lost() -> None:
    error = errors.InternalError("Packet sequence number wrong - got 7 expected 1")
    connection = MySQLConnection(cast("asyncmy.Connection", FailingDriver(error)))
    with pytest.raises(ConnectionLost, match="Packet sequence number wrong"):
        await connection.fetch(Statement("SELECT 1"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (2013, ConnectionLost),
        (3024, DatabaseUnavailable),  # the statement took longer than max_execution_time
        (3032, ConnectionLost),  # the server is in offline mode
        (3118, QueryFailed),  # the account is locked
        (3988, ValueRefused),  # the character set of the tables does not have a character
        (4031, ConnectionLost),  # the client was idle for wait_timeout
        (4151, QueryFailed),  # MariaDB: the account is locked
    ],
)
async def test_codes_above_2000_have_the_meaning_that_client_or_server_give_them(
    code: int, expected: type[DatabaseError]
) -> None:
    error = errors.OperationalError(code, "from the server")
    connection = MySQLConnection(cast("asyncmy.Connection", FailingDriver(error)))
    with pytest.raises(DatabaseError) as caught:
        await connection.fetch(Statement("SELECT 1"))
    assert type(caught.value) is expected
