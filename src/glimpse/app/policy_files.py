"""PolicyFiles: an operator's policy rules, evaluated with oslo.policy.

oslo.policy loads slowly: import this module only when a policy file is configured.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from oslo_config import cfg
from oslo_policy import opts, policy

from glimpse.app.policy_rule_checks import Enforcer, RuleChecks, UnusableRule, parser_errors
from glimpse.compute.image_routes import RULE_NAMES
from glimpse.compute.servers import policy as server_policy
from glimpse.images.caller import Caller
from glimpse.images.permissions import ROLES, Action, Target
from glimpse.settings import InvalidSettings

_LOG = logging.getLogger(__name__)

# The rules that Compute and Glance define for others to refer to; a policy file may change them.
_BASE_RULES = {
    "context_is_admin": "role:admin",
    "admin_api": "is_admin:True",
    "admin_or_owner": "is_admin:True or project_id:%(project_id)s",
    "project_manager_api": "role:manager and project_id:%(project_id)s",
    "project_member_api": "role:member and project_id:%(project_id)s",
    "project_reader_api": "role:reader and project_id:%(project_id)s",
    "project_manager_or_admin": "rule:project_manager_api or rule:context_is_admin",
    "project_member_or_admin": "rule:project_member_api or rule:context_is_admin",
    "project_reader_or_admin": "rule:project_reader_api or rule:context_is_admin",
    "service_api": "role:service or role:admin",
}


class DefaultRules(NamedTuple):
    """The default rules of a service, by name; a policy file may replace them.

    `evaluated` are the names of the rules that Glimpse evaluates. `credentials` are the attributes
    of a token that evaluated rules may compare; PolicyFiles rejects files in which an evaluated
    rule compares any other attribute. If `credentials` is None, rules may compare any attribute. A
    comparison of an attribute that Glimpse does not know is then always false.
    """

    rules: Mapping[str, str]
    evaluated: frozenset[str]
    credentials: frozenset[str] | None = None


def _rule_of_roles(roles: frozenset[str]) -> str:
    return " or ".join(["is_admin:True", *(f"role:{role}" for role in sorted(roles))])


IMAGE_RULES = DefaultRules(
    {
        **_BASE_RULES,
        **{action: _rule_of_roles(roles) for action, roles in ROLES.items()},
        **dict.fromkeys(RULE_NAMES, ""),
    },
    frozenset((*RULE_NAMES, *Action)),
)
# The rules of a cloud with servers. A cloud without servers does not evaluate its file's rules for
# servers, so that any policy file of a Compute can be used.
SERVER_RULES = DefaultRules(
    {
        **IMAGE_RULES.rules,
        **{rule: _rule_of_roles(roles) for rule, roles in server_policy.ROLES.items()},
    },
    IMAGE_RULES.evaluated | frozenset(server_policy.ServerRule),
)

_FileStats = tuple[tuple[int, int, int], ...]


class InvalidPolicyFile(InvalidSettings):
    """A policy file cannot be used. The message names the file and the reason."""


class PolicyFiles:
    """An operator's PolicyRules, read from `policy_file` and the files of `policy_dirs`.

    The files are JSON or YAML, and may have all rules of a service. `defaults` apply where the
    files have no rule. Only the rules in `defaults.evaluated`, and the rules to which they refer,
    are checked. The constructor raises InvalidPolicyFile for unusable files. If a file has changed,
    `has` reads all files again; if the new files cannot be used, it logs an error and keeps the old
    rules.
    """

    def __init__(
        self,
        policy_file: str | Path | None,
        policy_dirs: Sequence[str],
        defaults: DefaultRules = IMAGE_RULES,
    ) -> None:
        """Read and check the files. If `policy_file` is None, only `policy_dirs` are read.

        Relative paths are relative to the working directory. A directory that does not exist has no
        rules. Hidden files and subdirectories are not read. Raises InvalidPolicyFile if
        `policy_file` does not exist, if a file cannot be read or parsed, or if a rule that Glimpse
        uses cannot be evaluated.
        """
        if policy_file is not None and not Path(policy_file).is_file():
            where = ", neither beside the configuration nor in this directory"
            if Path(policy_file).is_absolute():
                where = ""
            raise InvalidPolicyFile(
                f"The policy file {policy_file} does not exist{where}: correct or remove the "
                "option policy_file."
            )
        # Absolute, or oslo.policy would look for them in its directories of configuration files
        self._defaults = defaults
        self._file = str(Path(policy_file).absolute()) if policy_file is not None else None
        self._dirs = [str(Path(each).absolute()) for each in policy_dirs]
        self._shown_paths = self._file or ", ".join(self._dirs)
        self._file_stats = self._read_stats()
        self._enforcer = self._load()

    def has(self, name: str) -> bool:
        """Return True if the files have a rule `name`. Read the files again first if they changed.

        Default rules do not count. If a changed file is missing or invalid, logs an error once and
        keeps the old rules. Raises nothing.
        """
        self._refresh()
        return name in self._enforcer.file_rules

    def allows(self, name: str, caller: Caller, target: Target) -> bool:
        """Return True if the rule `name` allows `caller` to act on `target`.

        Uses the default rule if the files have no rule `name`; raises KeyError if neither exists.
        Does not read changed files: call `has` first to do so.
        """
        credentials: dict[str, Any] = {
            "user_id": caller.user_id,
            "project_id": caller.project_id,
            "roles": sorted(caller.roles),
            "is_admin": caller.is_admin,
            "user_domain_id": caller.user_domain_id,
            "project_domain_id": caller.project_domain_id,
        }
        return self.evaluate(name, target, credentials)

    def evaluate(self, name: str, target: Target, credentials: dict[str, Any]) -> bool:
        """Return True if the rule `name` allows the holder of `credentials` to act on `target`.

        Uses the default rule if the files have no rule `name`; raises KeyError if neither exists.
        Does not read changed files: call `has` first to do so.
        """
        check = self._enforcer.rules[name]
        return bool(check(target, credentials, self._enforcer, name))

    def names(self) -> list[str]:
        """Return the sorted names of the rules that the files have and that Glimpse evaluates."""
        return sorted(self._defaults.evaluated & self._enforcer.file_rules.keys())

    def _refresh(self) -> None:
        """Read the files again if they have changed. The check takes 2 us for each file.

        If a changed file cannot be used, logs an error and keeps the old rules.
        """
        stats = self._read_stats()
        if stats == self._file_stats:
            return
        self._file_stats = stats
        try:
            self._enforcer = self._load()
        except InvalidPolicyFile as error:
            _LOG.error("%s The rules stay as they were; correct the file.", error)

    def _read_stats(self) -> _FileStats:
        """Return inode, size and modification time (ns) of each policy file and directory.

        The policy file comes first, then each directory, followed by its files in the order of
        their names. For a file or directory that cannot be accessed, the three numbers are 0.
        """
        return tuple(_stat(path) for path in self._paths())

    def _paths(self) -> Iterator[str]:
        if self._file is not None:
            yield self._file
        for directory in self._dirs:
            yield directory
            try:
                yield from sorted(entry.path for entry in os.scandir(directory))
            except OSError:
                continue

    def _load(self) -> policy.Enforcer:
        if self._file is not None and not os.path.isfile(self._file):  # noqa: PTH113  as in _stat
            raise InvalidPolicyFile(f"The policy file {self._file} does not exist.")
        enforcer = _new_enforcer(self._file, self._dirs, self._defaults.rules)
        try:
            _load_rules(enforcer)
            checks = RuleChecks(enforcer, self._defaults.credentials)
            for name in sorted(self._defaults.evaluated & enforcer.file_rules.keys()):
                checks.check(name)
        except RecursionError:
            why = "it nests too many lists, parentheses or rules: simplify it."
        except (UnusableRule, cfg.Error, ValueError, OSError) as error:
            why = " ".join(str(error).split())
        else:
            return enforcer
        raise InvalidPolicyFile(f"The policy file {self._shown_paths} cannot be used: {why}")


def _new_enforcer(
    policy_file: str | None, policy_dirs: list[str], rules: Mapping[str, str]
) -> policy.Enforcer:
    conf = cfg.ConfigOpts()
    opts.set_defaults(conf)  # registers them; values given here would be those of every enforcer
    conf([])
    # Without these, oslo.policy would look for policy.yaml and policy.d in the home directory and
    # in /etc.
    conf.set_override("policy_dirs", policy_dirs, group="oslo_policy")
    enforcer = Enforcer(conf, policy_file=policy_file or os.devnull)
    enforcer.suppress_default_change_warnings = True
    enforcer.suppress_deprecation_warnings = True
    enforcer.skip_undefined_check = True
    for name, rule in rules.items():
        enforcer.register_default(policy.RuleDefault(name, rule))
    return enforcer


def _load_rules(enforcer: policy.Enforcer) -> None:
    """Load the files of `enforcer`.

    Raises ValueError, OSError, cfg.Error or RecursionError for files that cannot be read or parsed,
    and ValueError for YAML that is not a mapping of names to rules. Errors of single rules are
    neither raised nor logged, because Glimpse may not evaluate these rules.
    """
    try:
        with parser_errors():
            enforcer.load_rules()
    except (TypeError, AttributeError):  # of YAML that oslo.policy does not expect
        raise ValueError(
            "it has to have names of rules, and for each the rule as a text."
        ) from None


def _stat(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116  twice as fast as Path.stat, and called per request
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
