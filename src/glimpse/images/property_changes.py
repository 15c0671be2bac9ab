"""PropertyChanges: properties of an image to set and remove; `apply_changes` applies them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from glimpse.images.errors import PropertyLimitExceeded, PropertyNotFound

# The keys of properties that the Image service itself sets; no caller may set or remove them.
RESERVED_PREFIX = "os_glance"


@dataclass(frozen=True, slots=True)
class PropertyChanges:
    """The properties of an image to set and to remove, in one atomic change.

    ``set`` has the new values by key. ``remove`` has keys to remove, each of which must exist. A
    key that is in both is set. If ``replace`` is True, all other properties are removed, too,
    except those with a key in ``keep`` or a key that starts with RESERVED_PREFIX.

    ``limit`` is the highest count of properties after the change; None is no limit. As in Compute,
    items of a request count even if they change nothing. The count has, each key once:

    - the keys of the properties after the change; if ``replace`` is True, without those that start
      with RESERVED_PREFIX
    - all keys in ``keep``, also those that no property of the image has

    ``extra_count`` is added to the count.

    The caller must check that ``set`` and ``remove`` have no keys of attributes, such as ``name``.
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

    `properties` is not changed. Raises PropertyNotFound for a key of `changes.remove` that is
    missing, the first one in sorted order. Raises PropertyLimitExceeded if the image would have
    more properties than `changes.limit` (PropertyChanges explains the count). The caller must check
    that `changes` does not set or remove reserved keys.
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
