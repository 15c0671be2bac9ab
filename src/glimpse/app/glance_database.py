"""Makes the image service that reads Glance's database, from [glance_database]."""

import logging
from collections.abc import Sequence

from glimpse.app.glance_policy import glance_rules
from glimpse.glance import GlanceImageService
from glimpse.glance_database.connector import ConnectToHost, find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import InvalidDatabaseURL, parse_database_url
from glimpse.glance_database.errors import UnknownSchema
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.primary_positions import PrimaryPositions
from glimpse.glance_database.recent_writes import RecentWrites
from glimpse.glance_database.replicas import (
    Replica,
    ReplicatedDatabase,
    open_replicas,
    replica_seconds,
)
from glimpse.glance_database.replicated_reads import ReplicatedReads
from glimpse.glance_database.service import GlanceDatabaseImageService
from glimpse.glance_database.tls import load_tls_files
from glimpse.http.readiness import ReadinessCheck, ReadinessNote
from glimpse.images import PolicyRules
from glimpse.settings import InvalidSettings, Settings

_LOG = logging.getLogger(__name__)


async def open_checked_glance_database(
    settings: Settings, glance: GlanceImageService, rules: PolicyRules | None
) -> GlanceDatabaseImageService:
    """Make the image service that reads Glance's database, and check the database's schema.

    `rules` are the operator's rules for Glimpse; None without policy files. Raises InvalidSettings
    for options that cannot be used. If Glimpse does not know the schema, the outcome depends on
    ``fallback``:

    - ``refuse``: closes the database, but not `glance`, and raises InvalidSettings.
    - ``glance``: logs an error. The image service then reads images from Glance's API.

    If the database cannot be reached, or a replica cannot be read, this is only logged.
    """
    images = open_glance_database(settings, glance, rules)
    try:
        await images.check_schema()
    except UnknownSchema as error:
        if settings.glance_database.fallback == "refuse":
            await images.close_database()
            raise InvalidSettings(
                f"[glance_database] connection: {error}. Upgrade Glimpse, or set fallback = glance."
            ) from None
        _LOG.error("Images are read from Glance's API, not from its database: %s.", error)
    return images


def readiness_check(settings: Settings, images: GlanceDatabaseImageService) -> ReadinessCheck:
    """Return the readiness check of Glance's database.

    The check returns why images cannot be read from the database; None if they can be read, or if
    all connections are in use. With ``fallback = glance``, the reason is a ReadinessNote: the
    process stays ready, and images are read from Glance's API.
    """
    falls_back = settings.glance_database.fallback == "glance"

    async def check() -> str | ReadinessNote | None:
        reason = await images.read_failure()
        if reason is None or not falls_back:
            return reason
        return ReadinessNote(f"{reason}: images are read from Glance's API")

    return check


def replica_readiness_check(images: GlanceDatabaseImageService) -> ReadinessCheck:
    """Return the readiness check of the replicas of Glance's database.

    The check returns a ReadinessNote if a replica cannot be read or is too far behind the primary:
    the process stays ready, and images are read from the primary. Otherwise, also if all
    connections to a replica are in use, the check returns None.
    """

    async def check() -> ReadinessNote | None:
        reason = await images.replica_failure()
        return (
            None if reason is None else ReadinessNote(f"{reason}: images are read from the primary")
        )

    return check


def open_glance_database(
    settings: Settings, glance: GlanceImageService, rules: PolicyRules | None
) -> GlanceDatabaseImageService:
    """Make the image service that reads Glance's database and writes through `glance`.

    Connects to nothing yet. `rules` are the operator's rules for Glimpse; None without policy
    files. Raises InvalidSettings in these cases:

    - A URL, TLS file or policy file is missing or cannot be used.
    - The driver of the database is not installed.
    - The replicas are another kind of database than the primary.
    - ``property_protection_file`` is set.
    """
    policy = glance_rules(settings)
    options = database_options(settings)
    database = open_database(options)
    keys = glance.schema.all_keys
    reader = ImageReader(database, policy, keys, options.page_size)
    replicated = None
    opened = open_database_replicas(settings, database)
    if opened is not None:
        replicas, positions = opened
        either = ReplicatedDatabase(database, replicas, options.timeout)
        replicated = ReplicatedReads(
            ImageReader(either, policy, keys, options.page_size),
            RecentWrites(positions.max_lag),
            replicas,
            positions,
        )
    return GlanceDatabaseImageService(
        glance,
        database,
        reader,
        falls_back=options.falls_back,
        rules=rules,
        replicated=replicated,
    )


def open_database(options: DatabaseOptions) -> GlanceDatabase:
    """Make the GlanceDatabase for `options`; connect to nothing yet.

    Raises InvalidSettings if the driver for this kind of database is not installed.
    """
    return GlanceDatabase(options, _find_driver(options))


def open_database_replicas(
    settings: Settings, primary: GlanceDatabase
) -> tuple[Sequence[Replica], PrimaryPositions] | None:
    """Make the replicas, and the object that reads how far `primary` has written.

    Returns None if no replica is configured. Connects to nothing yet. Raises InvalidSettings if the
    URL of the replicas or a TLS file that it names cannot be used, if the replicas are another kind
    of database than `primary`, or if the driver is not installed.
    """
    section = settings.glance_database
    if section.replica_connection is None:
        return None
    options = _database_options(settings, "replica_connection", section.replica_connection)
    if options.url.dialect != primary.dialect:
        raise InvalidSettings(
            "[glance_database] replica_connection cannot be used: it is another kind of database "
            "than connection."
        )
    timeout = replica_seconds(options.timeout) / 2
    positions = PrimaryPositions(primary, section.max_replica_lag, timeout)
    return open_replicas(options, _find_driver(options), positions), positions


def _find_driver(options: DatabaseOptions) -> ConnectToHost:
    try:
        return find_driver(options.url)
    except ImportError as error:
        raise InvalidSettings(
            f"[glance_database] connection needs {error.name}: "
            "pip install 'openstack-glimpse[glance-database]'"
        ) from None


def database_options(settings: Settings) -> DatabaseOptions:
    """Return the options of [glance_database], with the URL of ``connection``.

    Raises InvalidSettings if the URL is missing, or if the URL or a TLS file that it names cannot
    be used.
    """
    connection = settings.glance_database.connection
    if connection is None:
        raise InvalidSettings("[glance_database] replica_connection needs connection, the primary.")
    return _database_options(settings, "connection", connection)


def _database_options(settings: Settings, name: str, value: str) -> DatabaseOptions:
    """Return the options of [glance_database], with the URL `value` of the option `name`.

    Raises InvalidSettings if the URL or a TLS file that it names cannot be used.
    """
    try:
        url = parse_database_url(value)
        load_tls_files(url)  # connections load them again: certificates are renewed
    except InvalidDatabaseURL as error:
        raise InvalidSettings(f"[glance_database] {name} cannot be used: {error}.") from None
    section = settings.glance_database
    return DatabaseOptions(
        url=url,
        falls_back=section.fallback == "glance",
        pool_size=section.pool_size,
        connect_timeout=section.connect_timeout,
        timeout=section.timeout,
    )
