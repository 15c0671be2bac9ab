"""Policy: who may see an image's size, by the rules of a policy file (oslo.policy)."""

from collections.abc import Callable, Sequence
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts, policy

from glimpse.images import Caller

IMAGE_SIZE = "os_compute_api:image-size"
# The rules that Compute defines for others to refer to; a policy file may change them.
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
}


class BadPolicyFile(Exception):
    """The policy file cannot be used."""


def image_size_rule(
    policy_file: str | Path | None, policy_dirs: Sequence[str]
) -> Callable[[Caller], bool]:
    """A function that tells whether a caller sees ``OS-EXT-IMG-SIZE:size``.

    The file may be JSON or YAML and hold rules of all of Compute; it is read again when it has
    changed. The default is everybody, as the API reference says. Raises BadPolicyFile.
    """
    if policy_file is not None and not Path(policy_file).is_file():
        raise BadPolicyFile(f"The policy file {policy_file} does not exist.")
    conf = cfg.ConfigOpts()
    opts.set_defaults(conf, policy_file=str(policy_file) if policy_file else None)
    conf([])
    if policy_dirs:
        conf.set_override("policy_dirs", list(policy_dirs), group="oslo_policy")
    enforcer = policy.Enforcer(conf, policy_file=str(policy_file) if policy_file else None)
    enforcer.suppress_default_change_warnings = True
    enforcer.suppress_deprecation_warnings = True
    for name, rule in _BASE_RULES.items():
        enforcer.register_default(policy.RuleDefault(name, rule))
    enforcer.register_default(policy.RuleDefault(IMAGE_SIZE, "", "Add 'OS-EXT-IMG-SIZE:size'"))
    try:
        enforcer.load_rules()
    except (cfg.Error, ValueError) as error:
        raise BadPolicyFile(f"The policy file {policy_file} cannot be used: {error}") from None

    def may_see(caller: Caller) -> bool:
        credentials = {
            "user_id": caller.user_id,
            "project_id": caller.project_id,
            "roles": sorted(caller.roles),
            "is_admin": caller.is_admin,
            "user_domain_id": caller.user_domain_id,
            "project_domain_id": caller.project_domain_id,
        }
        target = {"user_id": caller.user_id, "project_id": caller.project_id}
        return bool(enforcer.enforce(IMAGE_SIZE, target, credentials))

    return may_see
