"""Policy: who may see an image's size, by the rules of a policy file (oslo.policy)."""

from collections.abc import Callable, Sequence
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts, policy

from glimpse.images import Caller

IMAGE_SIZE = "os_compute_api:image-size"


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
