"""JSON patches (RFC 6902) that change the properties of an image."""

from collections.abc import Mapping
from typing import Any

import orjson

from glimpse.images import Action, Caller, Image, PropertyChanges, apply_changes, has_role
from glimpse.images.errors import Invalid


def make_property_patch(
    properties: Mapping[str, str | None], changes: PropertyChanges
) -> list[dict[str, Any]]:
    """Return the operations of a JSON patch that apply `changes` to `properties`.

    `properties` are those of the image. Keys are removed first, in alphabetical order, then set in
    the order of `changes.set`. Properties that already have their new value are left out. So the
    list is empty if the image needs no change. A key is set by ``add``, which succeeds even if
    another client has added the key in the meantime.

    Raises PropertyNotFound if a key to remove does not exist. Raises PropertyLimitExceeded if the
    image would have more than `changes.limit` properties, as PropertyChanges counts them.
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


def encode_patch(operations: list[dict[str, Any]]) -> bytes:
    """Return a JSON patch as the body of a request.

    Raises Invalid if a key or a value has a lone surrogate, which JSON in UTF-8 cannot have.
    """
    try:
        return orjson.dumps(operations)
    except orjson.JSONEncodeError:
        raise Invalid("A property holds text that is not valid Unicode.") from None


def is_empty_patch_allowed(caller: Caller, image: Image) -> bool:
    """Return True if Glance would accept an empty patch of `image` from `caller`.

    Such a patch need not be sent. By Glance's default policy, the caller must have a role to change
    images. In addition, the caller must be an admin, the caller's project must own the image, or
    the image must be public. An operator's policy is not considered.
    """
    is_owner = caller.is_admin or image.owner == caller.project_id
    return has_role(caller, Action.MODIFY_IMAGE) and (is_owner or image.visibility == "public")


def _pointer(key: str) -> str:
    """Return the JSON pointer of a top-level key (RFC 6901): ``a/b`` -> ``/a~1b``."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
