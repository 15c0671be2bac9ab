"""What a client sent that makes Glance answer 500: looked for only when Glance did."""

import unicodedata
from collections.abc import Iterator, Mapping

from glimpse.images import ImageQuery

_LONGEST_KEY = 255  # characters, and bytes of a value: the columns of Glance's database
_LONGEST_VALUE = 65_535
# Glance takes a filter named like an attribute of its model for that, and cannot compare these...
_RELATIONS = frozenset(("locations", "members", "properties"))
# ... and a property named like an attribute of its image objects for that, which these cannot be.
_ATTRIBUTES = frozenset(("base", "extra_properties"))


def unfit_filter(query: ImageQuery) -> str | None:
    """What of `query` Glance cannot look for, in a sentence; None if nothing is known to be."""
    for key, value in query.properties.items():
        if key in _RELATIONS or key.endswith(("_min", "_max")) or "\0" in key + value:
            return f"The Image service cannot filter by {key!r}."
    for text in _texts(query):
        if "\0" in text:
            return f"The Image service cannot look for {text!r}, which holds a NUL character."
    return None


def _texts(query: ImageQuery) -> Iterator[str]:
    lists = (query.names, query.ids, query.disk_formats, query.container_formats, query.tags)
    for values in lists:
        yield from values or ()
    singles = (query.owner, query.checksum, query.os_hash_algo, query.os_hash_value, query.marker)
    yield from (text for text in singles if text)


def unstorable_property(
    properties: Mapping[str, str | None], wanted: Mapping[str, str]
) -> str | None:
    """Which of the `wanted` properties an image with `properties` cannot be given, in a sentence.

    None if nothing is known to be wrong with them. Which keys are alike is for Glance's database to
    say; most that ignore case ignore accents, too.
    """
    present = {_folded(key): key for key in properties if len(key) <= _LONGEST_KEY}
    for key, value in wanted.items():
        if properties.get(key) == value:
            continue
        if key in _ATTRIBUTES or (key.startswith("__") and key.endswith("__")):
            return f"The Image service cannot store a property with the key {key!r}."
        if len(key) > _LONGEST_KEY:
            return f"The key {key!r} has more than {_LONGEST_KEY} characters."
        if len(value.encode()) > _LONGEST_VALUE:
            return f"The value of {key!r} has more than {_LONGEST_VALUE} bytes."
        if "\0" in key + value:
            return f"{key!r} holds a NUL character."
        other = present.setdefault(_folded(key), key)
        if other != key and key not in properties:
            return f"The Image service cannot tell the key {key!r} from {other!r}."
    return None


def _folded(key: str) -> str:
    """What remains of a key for a database that ignores case and accents."""
    decomposed = unicodedata.normalize("NFKD", key.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).strip()
