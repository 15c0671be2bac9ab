"""Makes Glance's policy rules, for [glance_database]. Property protections are an error."""

from collections.abc import Mapping, Sequence
from typing import Any

from glimpse.app.policy_files import DefaultRules, InvalidPolicyFile, PolicyFiles
from glimpse.glance_database.policy import CREDENTIALS, DEFAULT_RULES, RULE_NAMES, GlanceRules
from glimpse.settings import InvalidSettings, Settings


class GlancePolicyFiles:
    """Glance's policy: the rules in the operator's files, and Glance's defaults for the rest."""

    def __init__(self, files: PolicyFiles) -> None:
        self._files = files

    def refresh(self) -> bool:
        """Read the policy files again if they changed; return True if they replace a default rule.

        The default rules are those in DEFAULT_RULES. If a changed file cannot be used, logs an
        error and keeps the old rules. Raises nothing.
        """
        return any(self._files.has(name) for name in DEFAULT_RULES)

    def evaluate(self, name: str, target: Mapping[str, Any], credentials: dict[str, Any]) -> bool:
        """Return True if the rule `name` allows the holder of `credentials` to act on `target`.

        `credentials` are the attributes of a token, by the names in CREDENTIALS. Does not read
        changed files: call `refresh` first. Raises KeyError if neither the files nor the defaults
        have the rule.
        """
        return self._files.evaluate(name, target, credentials)


def glance_rules(settings: Settings) -> GlanceRules:
    """Return the rules of Glance's policy, with the policy files that the settings name.

    Raises InvalidSettings for policy files that cannot be used. Also raises InvalidSettings if
    ``property_protection_file`` is set, because Glimpse cannot apply property protections.
    """
    section = settings.glance_database
    if section.property_protection_file:
        raise InvalidSettings(
            "[glance_database] property_protection_file is set, and Glimpse cannot apply it: "
            "remove [glance_database] connection, so that Glance decides who sees a property."
        )
    return read_glance_rules(section.policy_file, section.policy_dirs)


def read_glance_rules(
    policy_file: str | None = None, policy_dirs: Sequence[str] = ()
) -> GlanceRules:
    """Return the rules of Glance's policy. Rules in the files replace default rules.

    Without files, all rules are Glance's defaults. Raises InvalidSettings for files that cannot be
    used.
    """
    defaults = DefaultRules(DEFAULT_RULES, RULE_NAMES, CREDENTIALS)
    try:
        return GlancePolicyFiles(PolicyFiles(policy_file, policy_dirs, defaults))
    except InvalidPolicyFile as error:
        raise InvalidSettings(f"[glance_database] policy_file, policy_dirs: {error}") from None
