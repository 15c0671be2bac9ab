"""PropertyChanges: a change of an image's properties as a value, applied by the service at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PropertyChanges:
    """Set these, remove those - or, with ``replace``, remove all others that the caller can see.

    ``set`` maps keys to values. ``remove`` names keys that must exist. With ``replace`` every other
    property goes, except the keys in ``keep``. ``limit`` is the most properties that the image may
    have afterwards (None: no limit); all keys in ``keep``, and ``counted`` more, count as if they
    had been set.

    Keys that are base attributes of an image never occur in ``set`` or ``remove``: whoever makes
    the value leaves them out.
    """

    set: Mapping[str, str] = field(default_factory=dict)
    remove: frozenset[str] = frozenset()
    replace: bool = False
    keep: frozenset[str] = frozenset()
    limit: int | None = None
    counted: int = 0
