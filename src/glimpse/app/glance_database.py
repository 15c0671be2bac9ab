"""Makes the image service that reads Glance's database, from the settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from glimpse.app.policy_files import DefaultRules, InvalidPolicyFile, PolicyFiles
from glimpse.glance import GlanceImageService
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import InvalidDatabaseURL, parse_database_url
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.policy import CREDENTIALS, DEFAULT_RULES, RULE_NAMES, GlanceRules
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
    for a URL or policy files that cannot be used, if Glance has property protections, and if the
    driver is not installed.
    """
    options, section = database_options(settings, connection), settings.glance_database
    if section.property_protection_file:
        raise InvalidSettings(
            "[glance_database] property_protection_file is set, and Glimpse cannot apply it: "
            "remove [glance_database] connection, so that Glance decides who sees a property."
        )
    try:
        driver = find_driver(options.url)
    except ImportError as error:
        raise InvalidSettings(
            f"[glance_database] connection needs {error.name}: install glimpse[glance-database]."
        ) from None
    database = GlanceDatabase(options, driver)
    policy = glance_rules(section.policy_file, section.policy_dirs)
    reader = ImageReader(database, policy, glance.schema.declared_keys, options.page_size)
    return GlanceDatabaseImageService(
        glance, database, reader, falls_back=options.falls_back, rules=rules
    )


def glance_rules(policy_file: str | None = None, policy_dirs: Sequence[str] = ()) -> GlanceRules:
    """Return Glance's policy. Raises InvalidSettings for files that cannot be used."""
    defaults = DefaultRules(DEFAULT_RULES, RULE_NAMES, CREDENTIALS)
    try:
        return GlancePolicyFiles(PolicyFiles(policy_file, policy_dirs, defaults))
    except InvalidPolicyFile as error:
        raise InvalidSettings(f"[glance_database] policy_file, policy_dirs: {error}") from None


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
