"""The findings of ``glimpse check`` about Glance's database."""

import asyncio
import time
from collections.abc import AsyncIterator

from glimpse.app.glance_database import (
    database_options,
    glance_rules,
    open_database,
    open_database_replicas,
)
from glimpse.cli.finding import Finding, Severity
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.errors import DatabaseError, ReplicaNotCurrent
from glimpse.glance_database.grants import user_may_write
from glimpse.glance_database.replicas import Replica
from glimpse.settings import InvalidSettings, Settings

_POLL_SECONDS = 0.05  # between two comparisons of a replica with the primary


async def check_glance_database(settings: Settings) -> AsyncIterator[Finding]:
    """Read Glance's database as the gateway would, and yield a finding for each step.

    A database that cannot be read is a "note" if Glance's API is read instead. So is a replica that
    cannot be read, because the primary is read instead. Changes nothing. Each query ends within the
    timeout of the settings. No finding has a password in it.
    """
    try:
        glance_rules(settings)
        options = database_options(settings)
        database = open_database(options)
        opened = open_database_replicas(settings, database)
    except InvalidSettings as error:
        yield Finding("FAIL", str(error))
        return
    hosts = ", ".join(f"{host.name}:{host.port}" for host in options.url.hosts)
    where = f"Glance's database at {hosts}"
    severity: Severity = "note" if options.falls_back else "FAIL"
    try:
        await database.check()
        yield Finding("ok", f"{where} can be read and has a schema that Glimpse knows")
        async for finding in _check_grants(database, where, options.url.user):
            yield finding
    except DatabaseError as error:
        instead = ": images are read from Glance's API" if options.falls_back else ""
        yield Finding(severity, f"{where} cannot be read{instead} ({error})")
    try:
        for replica in opened[0] if opened is not None else ():
            max_lag = settings.glance_database.max_replica_lag
            async for finding in _check_replica(replica, max_lag):
                yield finding
    finally:
        if opened is not None:
            opened[1].close()
        await database.close()


async def _check_grants(database: GlanceDatabase, where: str, user: str) -> AsyncIterator[Finding]:
    """Yield a "note" if `user` may write. Raises DatabaseError."""
    if await user_may_write(database):
        yield Finding("note", f"{where}: user {user} may write; it needs SELECT only")


async def _check_replica(replica: Replica, max_lag: float) -> AsyncIterator[Finding]:
    """Read a replica and close it; yield a finding for each step.

    It is "ok" if the replica has what the primary has within `max_lag` seconds, otherwise a "note",
    as it is if the replica cannot be read.
    """
    where = f"Its replica at {replica.address}"
    try:
        seconds = await _wait_until_current(replica, max_lag)
        yield Finding("ok", f"{where} can be read and is at most {seconds:.1f} s behind")
        async for finding in _check_grants(replica.database, where, replica.user):
            yield finding
    except DatabaseError as error:
        yield Finding("note", f"{where} is not read, but the primary: {error}")
    finally:
        await replica.close()


async def _wait_until_current(replica: Replica, max_lag: float) -> float:
    """Return how many seconds it took the replica to have what the primary had at the call.

    Raises DatabaseError, after `max_lag` seconds if the replica is behind all the time.
    """
    began = time.monotonic()
    while True:
        try:
            await replica.check()
        except ReplicaNotCurrent:
            if time.monotonic() - began >= max_lag:
                raise
            await asyncio.sleep(_POLL_SECONDS)
        else:
            return time.monotonic() - began
