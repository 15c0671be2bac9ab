"""JSON patches of an image: parse the bodies of PATCH requests, and apply them. Pure.

An operation of a patch adds, replaces or removes one attribute or property. The Image API has two
media types for patches, which write an operation in different ways:

- ``v2.1-json-patch``, a part of RFC 6902: ``{"op": "replace", "path": "/name", "value": "x"}``;
- ``v2.0-json-patch``, an earlier draft: ``{"replace": "/name", "value": "x"}``.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from glimpse.embedded.image_formats import ImageFormats
from glimpse.embedded.image_permissions import check_visibility
from glimpse.embedded.quotas import ImageQuotas
from glimpse.image_api.faults import UnsupportedMediaType
from glimpse.image_api.validation import (
    ATTRIBUTES,
    FORMATS,
    NUMBERS,
    check_key_is_writable,
    check_number,
    check_value,
    unique_tags,
)
from glimpse.images import RESERVED_PREFIX, Caller, Image, Permissions
from glimpse.images.errors import Conflict, Forbidden, Invalid

V2_0 = "application/openstack-images-v2.0-json-patch"
V2_1 = "application/openstack-images-v2.1-json-patch"
MEDIA_TYPES = (V2_0, V2_1)
_OPS = ("add", "remove", "replace")
# Attributes that say where the data is. `apply_patch` refuses to change them, not `parse_patch`, so
# that a missing image is reported first, as in Glance.
_DATA_ATTRIBUTES = ("locations", "stores")
_WITHOUT_DATA = ("queued", "importing")  # statuses in which the formats may change


class PatchOperation(NamedTuple):
    """One operation of a patch: "add", "remove" or "replace" the attribute or property `key`.

    `value` is None for "remove". If `must_be_new` is True, `apply_patch` raises Conflict if the key
    exists already. `must_be_new` is True for "add" in v2.0. In v2.1, "add" replaces the value of a
    key that exists.
    """

    op: str
    key: str
    value: Any = None
    must_be_new: bool = False


def check_media_type(media_type: str) -> None:
    """Raise UnsupportedMediaType if `media_type` is not one of MEDIA_TYPES.

    `media_type` must be in lower case and without parameters, as `request_parsing.media_type`
    returns it.
    """
    if media_type not in MEDIA_TYPES:
        accepted = ", ".join(MEDIA_TYPES)
        raise UnsupportedMediaType(f"Image PATCH expects Content-Type one of: {accepted}", accepted)


def parse_patch(media_type: str, body: object, formats: ImageFormats) -> list[PatchOperation]:
    """Parse the body of a PATCH request into its operations, and check their keys and values.

    `media_type` is one of MEDIA_TYPES. Raises Invalid if the body is not a list, if an operation is
    malformed, or if a key or value is not allowed. Raises Forbidden for an attribute or property
    that no client may set, such as ``id``. Operations on ``locations`` and ``stores`` are returned:
    `apply_patch` raises Forbidden for them, so that a missing image is reported first, as in
    Glance.
    """
    if not isinstance(body, list):
        raise Invalid("Request body must be a JSON array of operation objects.")
    return [_parse_operation(media_type, raw, formats) for raw in body]


def apply_patch(
    caller: Caller,
    image: Image,
    operations: Iterable[PatchOperation],
    permissions: Permissions,
    quotas: ImageQuotas,
) -> Image:
    """Return a copy of `image` with all operations applied, in their order.

    `operations` come from `parse_patch`. Whether `caller` may change the image is not checked here.
    The first operation that is not allowed raises its error:

    - Forbidden for changing ``locations`` or ``stores``, and for removing an attribute;
    - Conflict for a v2.0 operation that adds an attribute, or adds a property that exists;
    - Conflict for replacing or removing a property that does not exist;
    - Forbidden for an owner or a visibility that `caller` may not set;
    - Forbidden for a format if the image is neither queued nor importing;
    - Invalid for a number that is out of range;
    - QuotaExceeded for more tags than `quotas` allow.

    After all operations, raises QuotaExceeded if the patch has added a property and the image then
    has more properties than `quotas` allow. Keys with RESERVED_PREFIX do not count.
    """
    properties: dict[str, str | None] = image.properties
    before = set(properties)
    attributes: dict[str, Any] = {}
    for operation in operations:
        if operation.key in _DATA_ATTRIBUTES:
            raise Forbidden(f"Attribute '{operation.key}' is read-only.")
        if operation.key in ATTRIBUTES:
            attributes.update(_changed_attribute(caller, image, operation, permissions, quotas))
        else:
            _change_property(properties, operation)
    if set(properties) - before:
        quotas.check_properties(sum(not key.startswith(RESERVED_PREFIX) for key in properties))
    if properties != image.properties:
        attributes["properties_json"] = orjson.dumps(properties).decode()
    return image._replace(**attributes)


def _parse_operation(media_type: str, raw: object, formats: ImageFormats) -> PatchOperation:
    """Parse `raw`, an entry of the body of a PATCH, and check its key and value.

    Raises Invalid if `raw` is malformed, or if the key or value is not allowed. Raises Forbidden
    for an attribute or property that no client may set, other than ``locations`` and ``stores``.
    """
    if not isinstance(raw, dict):
        raise Invalid("Operations must be JSON objects.")
    op, pointer = _parse_v2_0(raw) if media_type == V2_0 else _parse_v2_1(raw)
    key = _parse_pointer(op, pointer)
    if op != "remove" and "value" not in raw:
        raise Invalid(f'Operation "{op}" requires a member named "value".')
    if key == "id":
        raise Forbidden("Attribute 'id' is read-only.")
    if key not in _DATA_ATTRIBUTES:
        check_key_is_writable(key)
    if op == "remove":
        return PatchOperation(op, key)
    value = raw["value"]
    check_value(key, [value] if key == "locations" and op == "add" else value, formats)
    return PatchOperation(op, key, value, must_be_new=media_type == V2_0 and op == "add")


def _parse_v2_1(raw: dict[str, Any]) -> tuple[str, object]:
    """Return the op and the pointer of an operation of v2.1: "add" and "/name", for example.

    The operation for this example is ``{"op": "add", "path": "/name", "value": ...}``. Raises
    Invalid if the op or the path is missing, or if the op is unknown. The pointer and the value are
    not checked.
    """
    op = raw.get("op")
    if op not in _OPS:
        raise Invalid(f"Every operation must have an `op` that is one of {', '.join(_OPS)}.")
    if "path" not in raw:
        raise Invalid("Unable to find 'path' in JSON Schema change")
    return op, raw["path"]


def _parse_v2_0(raw: dict[str, Any]) -> tuple[str, object]:
    """Return the op and the pointer of an operation of v2.0: "add" and "/name", for example.

    The operation for this example is ``{"add": "/name", "value": ...}``. Raises Invalid if the
    operation does not have exactly one op. The pointer and the value are not checked.
    """
    named = [op for op in _OPS if op in raw]
    if len(named) != 1:
        raise Invalid(
            'Operation objects must contain exactly one member named "add", "remove", or "replace".'
        )
    return named[0], raw[named[0]]


def _parse_pointer(op: str, pointer: object) -> str:
    """Return the key that a JSON pointer (RFC 6901) names: ``name`` for ``/name``.

    In the key, ``~1`` becomes ``/`` and ``~0`` becomes ``~``. White space around the key is
    removed. A pointer must have one part. Only a pointer to a location that `op` adds or removes
    must have two parts, such as ``/locations/-``. Raises Invalid in these cases:

    - `pointer` is not a string, or has no leading slash.
    - It has another number of parts, or an empty second part.
    - It has a ``~`` that neither 0 nor 1 follows.
    """
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise Invalid(f'Pointer `{pointer}` does not start with "/".')
    if re.search("~(?![01])", pointer):
        raise Invalid(f'Pointer `{pointer}` contains "~" not part of a recognized escape sequence.')
    root, *rest = pointer[1:].split("/")
    key = root.replace("~1", "/").replace("~0", "~").strip()
    has_two_parts = key == "locations" and op != "replace"
    if len(rest) != has_two_parts or "" in rest:
        raise Invalid(f"Invalid JSON pointer for this resource: '{pointer}'")
    return key


def _changed_attribute(
    caller: Caller,
    image: Image,
    operation: PatchOperation,
    permissions: Permissions,
    quotas: ImageQuotas,
) -> dict[str, Any]:
    """Return the field of Image that an operation on an attribute sets, with its new value.

    For example, returns ``{"name": "x"}``; for tags, the field is ``tags_json``. Does not change
    `image`. If the operation is not allowed, raises the error that `apply_patch` lists for it:
    Forbidden, Conflict, Invalid or QuotaExceeded.
    """
    key = operation.key
    if operation.op == "remove":
        raise Forbidden(f"Property {key} may not be removed.")
    if operation.must_be_new:
        raise Conflict(f"Property {key} already present.")
    if key == "owner" and not caller.is_admin:
        raise Forbidden("Owner can't be updated by non admin.")
    if key == "visibility":
        check_visibility(caller, image, operation.value, permissions)
    if key in FORMATS and image.status not in _WITHOUT_DATA:
        raise Forbidden(f"Attribute {key} can be only replaced for a queued image.")
    if key in NUMBERS:
        check_number(key, operation.value)
    if key == "tags":
        return {"tags_json": orjson.dumps(unique_tags(operation.value, quotas)).decode()}
    return {key: operation.value}


def _change_property(properties: dict[str, str | None], operation: PatchOperation) -> None:
    """Apply an operation to `properties`, in place.

    Raises Conflict if the property to replace or remove does not exist, or if the property to add
    must be new and exists.
    """
    key = operation.key
    exists = key in properties
    if operation.op == "add":
        if exists and operation.must_be_new:
            raise Conflict(f"Property {key} already present.")
    elif not exists:
        raise Conflict(f"Property {key} does not exist.")
    if operation.op == "remove":
        del properties[key]
    else:
        properties[key] = operation.value
