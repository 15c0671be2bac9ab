"""PropertyChanges: properties of an image to set and remove; `apply_changes` does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from glimpse.images.errors import PropertyLimitExceeded, PropertyNotFound

# The keys of properties that the Image service itself sets; no caller may set or remove them.
RESERVED_PREFIX = "os_glance"


@dataclass(frozen=True, slots=True)
class PropertyChanges:
    """The properties of an image to set and to remove, in one atomic change.

    ``set`` has the new values by key. ``remove`` has keys to remove; each must exist. With
    ``replace``, all properties that are not in ``set`` or ``keep`` are removed, except reserved
    ones.

    ``limit`` is the most properties that the image may have after the change; None is no limit.
    These count: all properties after the change (with ``replace``, not the reserved ones); the keys
    in ``keep``, even if the image does not have them; and ``counted`` more.

    ``set`` and ``remove`` must not have keys of attributes, such as ``name``: nobody checks that.
    """

    set: Mapping[str, str] = field(default_factory=dict)
    remove: frozenset[str] = frozenset()
    replace: bool = False
    keep: frozenset[str] = frozenset()
    limit: int | None = None
    counted: int = 0


def apply_changes(
    properties: Mapping[str, str | None], changes: PropertyChanges
) -> dict[str, str | None]:
    """Return a changed copy of an image's properties.

    Raises PropertyNotFound for a key of `changes.remove` that is not in `properties`, otherwise
    PropertyLimitExceeded for more than `changes.limit`. Does not check for reserved keys.
    """
    for key in sorted(changes.remove - properties.keys()):
        raise PropertyNotFound(key)
    named = changes.set.keys() | changes.keep
    after = {
        key: value
        for key, value in properties.items()
        if key not in changes.remove
        and (not changes.replace or key in named or key.startswith(RESERVED_PREFIX))
    }
    after.update(changes.set)
    counted = len(named if changes.replace else after.keys() | named) + changes.counted
    if changes.limit is not None and counted > changes.limit:
        raise PropertyLimitExceeded(changes.limit)
    return after
