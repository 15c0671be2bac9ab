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
    ``replace``, all other properties are removed, except those in ``keep``, and those whose keys
    start with RESERVED_PREFIX. Without ``replace``, ``keep`` matters to the limit only.

    ``limit`` is the most properties that the image may have after the change; None is no limit.
    These count: all properties after the change (with ``replace``, not the reserved ones); the keys
    in ``keep``, even if the image does not have them; and ``extra_count`` more.

    ``set`` and ``remove`` must not have keys of attributes, such as ``name``: nobody checks that.
    """

    set: Mapping[str, str] = field(default_factory=dict)
    remove: frozenset[str] = frozenset()
    replace: bool = False
    keep: frozenset[str] = frozenset()
    limit: int | None = None
    extra_count: int = 0


def apply_changes(
    properties: Mapping[str, str | None], changes: PropertyChanges
) -> dict[str, str | None]:
    """Return a copy of an image's properties with `changes` applied.

    Raises PropertyNotFound if a key of `changes.remove` is missing; then PropertyLimitExceeded if
    the image would have more properties than `changes.limit` (PropertyChanges says which count).
    The caller must check that `changes` does not set or remove reserved keys.
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
    counted = len(named if changes.replace else after.keys() | named) + changes.extra_count
    if changes.limit is not None and counted > changes.limit:
        raise PropertyLimitExceeded(changes.limit)
    return after
