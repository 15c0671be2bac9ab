"""Unsupported requests: filters and properties to which Glance responds 500 or 404.

Glance's database and version decide which requests it can handle. Therefore these functions are
called only after Glance responded 500, or 404 to a PATCH (`GlanceRequest.diagnosis`). The errors
for all other responses are in `glance.error_mapping`.
"""

import unicodedata
from collections.abc import Mapping

from glimpse.images import ImageQuery

# The columns of Glance's database:
_MAX_KEY_LENGTH = 255  # characters
_MAX_VALUE_BYTES = 65_535  # bytes
# Glance filters by an attribute of its database model if that has the filter's name. These
# attributes are relations, which it cannot compare with a text.
_RELATIONS = frozenset(("locations", "members", "properties"))
# Glance sets an attribute of its image object if that has the property's name.
# These cannot be set.
_ATTRIBUTES = frozenset(("base", "extra_properties"))


def diagnose_query(query: ImageQuery) -> str | None:
    """Return a sentence for clients about the first filter that Glance cannot handle, or None.

    Only filters by properties are examined, in the order of the query. Glance fails for the keys
    ``locations``, ``members`` and ``properties``, and for keys that end with ``_min`` or ``_max``.
    """
    for key in query.properties:
        if key in _RELATIONS or key.endswith(("_min", "_max")):
            return f"The Image service cannot filter by {key!r}."
    return None


def diagnose_properties(
    properties: Mapping[str, str | None], new_properties: Mapping[str, str]
) -> str | None:
    """Return a sentence for clients about the first new property that Glance cannot store.

    Returns None if Glance can probably store all of `new_properties`. `properties` are those that
    the image has. A new property is skipped if the image already has it with the same value.

    Reported are keys of Glance's own (``base``, ``extra_properties``, ``__*__``), keys of more than
    255 characters, values of more than 65,535 bytes, and NUL characters. A key that the image lacks
    is also reported if it resembles (`_folded`) another key of the image or an earlier key of
    `new_properties`: most databases do not tell ``Color`` from ``colór``.
    """
    present = {_folded(key): key for key in properties if len(key) <= _MAX_KEY_LENGTH}
    for key, value in new_properties.items():
        if properties.get(key) == value:
            continue
        if key in _ATTRIBUTES or (key.startswith("__") and key.endswith("__")):
            return f"The Image service cannot store a property with the key {key!r}."
        if len(key) > _MAX_KEY_LENGTH:
            return f"The key {key!r} has more than {_MAX_KEY_LENGTH} characters."
        if len(value.encode()) > _MAX_VALUE_BYTES:
            return f"The value of {key!r} has more than {_MAX_VALUE_BYTES} bytes."
        if "\0" in key + value:
            return f"{key!r} holds a NUL character."
        other = present.setdefault(_folded(key), key)
        if other != key and key not in properties:
            return f"The Image service cannot tell the key {key!r} from {other!r}."
    return None


def _folded(key: str) -> str:
    """Return `key` without case, accents, full-width forms and outer spaces.

    If two keys have the same result, databases that ignore case treat them as the same key.
    """
    decomposed = unicodedata.normalize("NFKD", key.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).strip()
