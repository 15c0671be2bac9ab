"""ComputePolicy: an operator's rules for the operations of the Compute Images API.

Compute itself has a rule for the size of images only (releases up to Ocata had others, which
decided nothing but what ``/extensions`` lists). The others here are Glimpse's own, named as
Compute's are; the image service's permissions count besides.
"""

from glimpse.images import Caller, PolicyRules
from glimpse.images.permissions import is_rule_applicable

IMAGE_SIZE = "os_compute_api:image-size"
_ALL = "os_compute_api:os-images"
_IMAGES = "os_compute_api:os-images:{}"
_METADATA = "os_compute_api:os-image-metadata:{}"
# Operations as in `routes.ROUTES`
_OPERATIONS = {
    "list_images": _IMAGES.format("index"),
    "list_images_detail": _IMAGES.format("detail"),
    "show_image": _IMAGES.format("show"),
    "delete_image": _IMAGES.format("delete"),
    "list_metadata": _METADATA.format("index"),
    "show_metadata_item": _METADATA.format("show"),
    "create_metadata": _METADATA.format("create"),
    "replace_metadata": _METADATA.format("update_all"),
    "set_metadata_item": _METADATA.format("update"),
    "delete_metadata_item": _METADATA.format("delete"),
}
RULE_NAMES = (IMAGE_SIZE, _ALL, *_OPERATIONS.values())


class ComputePolicy:
    """Evaluates the configured rules; without any, callers may do and see everything.

    A rule's target is the caller's own project and user, as in Compute.
    """

    def __init__(self, rules: PolicyRules | None = None) -> None:
        self._rules = rules

    def shows_size(self, caller: Caller) -> bool:
        """Return True if `caller` may see ``OS-EXT-IMG-SIZE:size`` (by default everybody)."""
        return self._allows(IMAGE_SIZE, caller)

    def refused_by(self, caller: Caller, operation: str) -> str | None:
        """The name of the rule that does not let `caller` use `operation`; None if it may.

        The operation's own rule counts, or else the one for all of them.
        """
        if self._rules is None:
            return None
        name = _OPERATIONS[operation]
        if not self._rules.has(name):
            name = _ALL
        return None if self._allows(name, caller) else name

    def _allows(self, name: str, caller: Caller) -> bool:
        if self._rules is None or not self._rules.has(name):
            return True
        target = {"project_id": caller.project_id, "user_id": caller.user_id}
        return is_rule_applicable(caller) and self._rules.allows(name, caller, target)
