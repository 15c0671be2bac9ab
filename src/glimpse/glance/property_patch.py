"""JSON patches (RFC 6902) that change the properties of an image."""

from collections.abc import Mapping
from typing import Any

from glimpse.images import PropertyChanges, apply_changes


def make_property_patch(
    properties: Mapping[str, str | None], changes: PropertyChanges
) -> list[dict[str, Any]]:
    """Return the operations that apply `changes` to an image with `properties`.

    Values that the image already has are left out: the list may be empty. Keys are set by ``add``,
    which succeeds also if another client has added the key in the meantime. Raises PropertyNotFound
    if a key to remove does not exist, and PropertyLimitExceeded if the image would have more than
    `changes.limit` properties.
    """
    removed = properties.keys() - apply_changes(properties, changes).keys()
    return [
        *({"op": "remove", "path": _pointer(key)} for key in sorted(removed)),
        *(
            {"op": "add", "path": _pointer(key), "value": value}
            for key, value in changes.set.items()
            if properties.get(key) != value
        ),
    ]


def _pointer(key: str) -> str:
    """Return the JSON pointer of a top-level key (RFC 6901)."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
