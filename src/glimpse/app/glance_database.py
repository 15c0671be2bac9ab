"""Makes the image service that reads Glance's database, from the settings."""

from collections.abc import Mapping
from typing import Any

from glimpse.app.policy_files import DefaultRules, PolicyFiles
from glimpse.glance import GlanceImageService
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import InvalidDatabaseURL, parse_database_url
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.policy import DEFAULT_RULES, RULE_NAMES
from glimpse.glance_database.service import GlanceDatabaseImageService
from glimpse.images import PolicyRules
from glimpse.settings import InvalidSettings, Settings


class GlancePolicyFiles:
    """Glance's policy: its default rules, and those of the operator's files in their place."""

    def __init__(self, files: PolicyFiles) -> None:
        self._files = files

    def refresh(self) -> bool:
        """See GlanceRules."""
        return any(self._files.has(name) for name in DEFAULT_RULES)

    def evaluate(self, name: str, target: Mapping[str, Any], credentials: dict[str, Any]) -> bool:
        """See GlanceRules."""
        return self._files.evaluate(name, target, credentials)


def open_glance_database(
    settings: Settings, connection: str, glance: GlanceImageService, rules: PolicyRules | None
) -> GlanceDatabaseImageService:
    """Make the image service that reads the database at `connection` and writes with `glance`.

    Connects to nothing yet. `rules` are the operator's rules for Glimpse. Raises InvalidSettings
    for a URL that cannot be used, and if the driver is not installed.
    """
    options = database_options(settings, connection)
    try:
        driver = find_driver(options.url)
    except ImportError as error:
        raise InvalidSettings(
            f"[glance_database] connection needs {error.name}: install glimpse[glance-database]."
        ) from None
    database = GlanceDatabase(options, driver)
    reader = ImageReader(
        database, default_glance_rules(), glance.schema.declared_keys, options.page_size
    )
    return GlanceDatabaseImageService(
        glance, database, reader, falls_back=options.falls_back, rules=rules
    )


def default_glance_rules() -> GlancePolicyFiles:
    """Return Glance's default policy."""
    return GlancePolicyFiles(PolicyFiles(None, (), DefaultRules(DEFAULT_RULES, RULE_NAMES)))


def database_options(settings: Settings, connection: str) -> DatabaseOptions:
    """Return the options of [glance_database]. Raises InvalidSettings for an unusable URL."""
    try:
        url = parse_database_url(connection)
    except InvalidDatabaseURL as error:
        raise InvalidSettings(f"[glance_database] connection cannot be used: {error}.") from None
    section = settings.glance_database
    return DatabaseOptions(
        url=url,
        falls_back=section.fallback == "glance",
        pool_size=section.pool_size,
        connect_timeout=section.connect_timeout,
        timeout=section.timeout,
    )
