"""PropertyChanges: changes of an image's properties, which a service applies atomically."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PropertyChanges:
    """Properties to set and to remove.

    ``set`` maps keys to values. ``remove`` has keys that must exist. With ``replace`` all other
    properties are removed, except the keys in ``keep``.

    ``limit`` is the highest number of properties after the change; None for no limit. Counted are
    the properties after the change, all keys in ``keep`` (also those that the image does not have)
    and ``counted``, a number of further properties.

    ``set`` and ``remove`` must not contain base attributes of an image; no service checks that.
    """

    set: Mapping[str, str] = field(default_factory=dict)
    remove: frozenset[str] = frozenset()
    replace: bool = False
    keep: frozenset[str] = frozenset()
    limit: int | None = None
    counted: int = 0
