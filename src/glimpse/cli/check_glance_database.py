"""The findings of ``glimpse check`` about Glance's database."""

from collections.abc import AsyncIterator

from glimpse.app.glance_database import database_options, glance_rules, open_database
from glimpse.cli.finding import Finding, Severity
from glimpse.glance_database.errors import DatabaseError
from glimpse.glance_database.grants import user_may_write
from glimpse.settings import InvalidSettings, Settings


async def check_glance_database(settings: Settings) -> AsyncIterator[Finding]:
    """Read Glance's database as the gateway would, and yield a finding for each step.

    A database that cannot be read is a "note" if Glance's API serves in its place. Changes nothing.
    Each query ends within the timeout of the settings. No finding has a password in it.
    """
    try:
        glance_rules(settings)
        options = database_options(settings)
        database = open_database(options)
    except InvalidSettings as error:
        yield Finding("FAIL", str(error))
        return
    hosts = ", ".join(f"{host.name}:{host.port}" for host in options.url.hosts)
    where = f"Glance's database at {hosts}"
    severity: Severity = "note" if options.falls_back else "FAIL"
    try:
        await database.check()
        yield Finding("ok", f"{where} can be read and has a schema that Glimpse knows")
        if await user_may_write(database):
            yield Finding(
                "note", f"{where}: user {options.url.user} may write; it needs SELECT only"
            )
    except DatabaseError as error:
        instead = ": images are read from Glance's API" if options.falls_back else ""
        yield Finding(severity, f"{where} cannot be read{instead} ({error})")
    finally:
        await database.close()
