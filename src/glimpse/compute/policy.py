"""ComputePolicy: the operator's policy rules for the operations of the Compute Images API.

Compute itself has only the rule for the size of images (releases up to Ocata had others, which
affected only the list of ``/extensions``). The other rules are Glimpse's own, with names like
Compute's. The image service's permissions apply as well.
"""

from glimpse.compute.faults import Fault
from glimpse.images import Caller, PolicyRules
from glimpse.images.role_permissions import is_rule_applicable

IMAGE_SIZE = "os_compute_api:image-size"
ALL_OPERATIONS = "os_compute_api:os-images"


class ComputePolicy:
    """Applies the operator's rules: which operations a caller may use, and if it sees sizes.

    `rules` is None if no policy file is configured. A rule that is not configured allows every
    caller. A rule's target is the caller's own project and user, as in Compute.
    """

    def __init__(self, rules: PolicyRules | None) -> None:
        self._rules = rules

    def shows_size(self, caller: Caller) -> bool:
        """Return True if `caller` may see the sizes of images (``OS-EXT-IMG-SIZE:size``).

        Every caller may if there is no rule for it.
        """
        return self._allows(IMAGE_SIZE, caller)

    def check(self, caller: Caller, rule: str) -> None:
        """Raise a 403 fault unless `caller` may use the operation whose policy rule is `rule`.

        If `rule` is not configured, the rule ``os_compute_api:os-images`` decides; without both,
        every caller with a project may. A caller without a project may use no operation. (Compute
        responds to such a token with 500; docs/differences.md.)
        """
        if caller.project_id is None:
            raise Fault(403, "Images need a token that is scoped to a project; this one is not.")
        if self._rules is None:
            return
        if not self._rules.has(rule):
            rule = ALL_OPERATIONS
        if not self._allows(rule, caller):
            raise Fault(403, f"Policy doesn't allow {rule} to be performed.")

    def _allows(self, rule: str, caller: Caller) -> bool:
        """Return True if `rule` is not configured, or allows `caller`.

        A rule allows nothing to a token with system or domain scope.
        """
        if self._rules is None or not self._rules.has(rule):
            return True
        target = {"project_id": caller.project_id, "user_id": caller.user_id}
        return is_rule_applicable(caller) and self._rules.allows(rule, caller, target)
