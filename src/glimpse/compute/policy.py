"""ComputePolicy: the operator's policy rules for the operations of the Compute Images API.

Compute itself has only the rule for the size of images. The other rules are Glimpse's own, with
names in Compute's style. (Compute up to Ocata had more rules, but only the list of ``/extensions``
used them.) The image service's permissions apply as well.
"""

from glimpse.compute.faults import Fault
from glimpse.images import Caller, PolicyRules
from glimpse.images.permissions import is_rule_applicable

IMAGE_SIZE = "os_compute_api:image-size"
ALL_OPERATIONS = "os_compute_api:os-images"


class ComputePolicy:
    """Decides which operations a caller may use, and whether the caller sees sizes of images.

    `rules` are the operator's policy rules; None if no policy file is configured. A rule is
    evaluated for the caller's own project and user, as in Compute.
    """

    def __init__(self, rules: PolicyRules | None) -> None:
        self._rules = rules

    def shows_size(self, caller: Caller) -> bool:
        """Return True if `caller` may see the sizes of images (``OS-EXT-IMG-SIZE:size``).

        The policy rule ``os_compute_api:image-size`` decides. If the rule is not configured, every
        caller may see sizes. If it is, a caller whose token has system or domain scope may not.
        """
        return self._allows(IMAGE_SIZE, caller)

    def check(self, caller: Caller, rule: str) -> None:
        """Raise a 403 fault if `caller` may not use the operation with the policy rule `rule`.

        If `rule` is not configured, the rule ``os_compute_api:os-images`` decides. If neither rule
        is configured, every caller with a project may use the operation. A caller without a project
        always gets the fault. (Compute responds to such a caller with 500; docs/differences.md.)
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

        A configured rule never allows a token with system or domain scope.
        """
        if self._rules is None or not self._rules.has(rule):
            return True
        target = {"project_id": caller.project_id, "user_id": caller.user_id}
        return is_rule_applicable(caller) and self._rules.allows(rule, caller, target)
