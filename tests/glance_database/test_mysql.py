"""Errors of asyncmy, and what callers get instead."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest
from asyncmy import errors

from glimpse.glance_database.connection import Statement
from glimpse.glance_database.errors import ConnectionLost
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
