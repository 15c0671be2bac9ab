"""PropertyChanges: changes of an image's properties, which a service applies atomically."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from glimpse.images.errors import PropertyLimitExceeded, PropertyNotFound

# The Image service's own properties have such keys; no caller may set or remove them.
RESERVED_PREFIX = "os_glance"


@dataclass(frozen=True, slots=True)
class PropertyChanges:
    """Properties to set and to remove.

    ``set`` maps keys to values. ``remove`` has keys that must exist. With ``replace`` all other
    properties are removed, except reserved ones and the keys in ``keep``.

    ``limit`` is the highest number of properties after the change; None for no limit. Counted are
    the properties after the change, all keys in ``keep`` (also those that the image does not have)
    and ``counted``, a number of further properties; with ``replace``, reserved ones are not.

    ``set`` and ``remove`` must not contain base attributes of an image; no service checks that.
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
    """Return the properties as changed. Raises PropertyNotFound, PropertyLimitExceeded."""
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
