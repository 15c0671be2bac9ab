"""The findings of ``glimpse check`` about Glance's database."""

import asyncio
import time
from collections.abc import AsyncIterator

from glimpse.app.glance_database import (
    database_options,
    open_database,
    open_database_replicas,
)
from glimpse.app.glance_policy import glance_rules
from glimpse.cli.finding import Finding, Severity
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.errors import DatabaseError, ReplicaNotCurrent
from glimpse.glance_database.grants import user_may_write
from glimpse.glance_database.replicas import Replica
from glimpse.settings import InvalidSettings, Settings

_POLL_SECONDS = 0.05  # from one comparison of a replica with the primary to the next


async def check_glance_database(settings: Settings) -> AsyncIterator[Finding]:
    """Read Glance's database and its replicas as the gateway would; yield findings.

    If the database cannot be read, the finding is a "note" if the gateway would read Glance's API
    instead, otherwise a "FAIL". A replica that cannot be read or is too far behind is a "note",
    because the gateway would read the primary instead. If the database user may write, that is a
    "note", too. Settings that cannot be used are a "FAIL". Changes nothing. Each query has the
    timeout of the settings. No finding contains a password.
    """
    try:
        glance_rules(settings)
        options = database_options(settings)
        database = open_database(options)
        opened = open_database_replicas(settings, database)
    except InvalidSettings as error:
        yield Finding("FAIL", str(error))
        return
    hosts = ", ".join(map(str, options.url.hosts))
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
    """Yield a "note" if `user` has a right to write; otherwise yield nothing.

    `where` names the database in the note. Raises DatabaseError if the rights cannot be read.
    """
    if await user_may_write(database):
        yield Finding("note", f"{where}: user {user} may write; it needs SELECT only")


async def _check_replica(replica: Replica, max_lag: float) -> AsyncIterator[Finding]:
    """Read a replica, yield findings about it, and close it.

    The finding is "ok" if the replica catches up with the primary within `max_lag` seconds. The
    finding is a "note" if the replica does not catch up or cannot be read. Another "note" says if
    the database user may write.
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
    """Wait until the replica has caught up with the primary; return the seconds of the wait.

    Compares the two every _POLL_SECONDS. Raises ReplicaNotCurrent if the replica is still behind
    after `max_lag` seconds. Raises another DatabaseError at once if the replica cannot be read.
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
