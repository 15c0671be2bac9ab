"""Image metadata: validate it in requests, convert it to property changes, render it."""

import contextlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from glimpse.compute.faults import METADATA_LIMIT_EXCEEDED, Fault
from glimpse.http.json_depth import MAX_DEPTH, is_too_deep
from glimpse.images import RESERVED_PREFIX, PropertyChanges

# Keys whose values are JSON text in the Image service and are shown decoded.
ENCODED_KEYS = ("block_device_mapping", "mappings")
_DROPPED_WHEN_EMPTY = frozenset(("kernel_id", "ramdisk_id"))
_KEY = re.compile(r"[a-zA-Z0-9-_:. ]{1,255}\n?")
_MAX_VALUE_LENGTH = 255
# Accepted and not stored: Compute overwrites this key in its request to the Image service.
_UNSTORABLE = frozenset(("image_id",))
# Attributes that the Image service lets no client set: it responds to Compute with 403.
_READ_ONLY = frozenset(
    (
        *("status", "created_at", "updated_at", "deleted", "deleted_at"),
        *("direct_url", "file", "location", "schema"),
    )
)


def parse_body(body: Any, name: str, *, is_legacy: bool) -> dict[str, Any]:
    """Return the metadata in a request body ``{name: {key: value, ...}}``.

    `name` is ``metadata`` or ``meta``; under ``meta``, there must be exactly one item. A key has 1
    to 255 characters of ``a-zA-Z0-9-_:.`` and space; a newline may follow. A value is text of at
    most 255 characters. Raises a 400 fault for any other body, also for None. The message says
    which attribute is wrong, and what is allowed.

    With `is_legacy` (``/v2``), less is validated, as in a deployed Compute API. Attributes of the
    body other than `name` are ignored. If none of the keys is valid, all items are accepted with
    any values, even ``{"é": 1}``.
    """
    if not isinstance(body, dict):
        raise Fault(400, f"The request body must be an object with the attribute {name}.")
    if name not in body:
        raise Fault(400, f"'{name}' is a required property")
    if len(body) > 1 and not is_legacy:
        extra = ", ".join(repr(key) for key in body if key != name)
        raise Fault(400, f"Additional properties are not allowed ({extra} unexpected)")
    metadata = body[name]
    if not isinstance(metadata, dict):
        raise _invalid(name, "It must be an object of keys and values.")
    if name == "meta" and len(metadata) != 1:
        raise _invalid(name, "It must have exactly one key.")
    if not (is_legacy and not any(_KEY.fullmatch(key) for key in metadata)):
        for key, value in metadata.items():
            _check_item(name, key, value)
    return metadata


def parse_item(body: Any, key: str, *, is_legacy: bool) -> dict[str, Any]:
    """Return the item in the body of ``PUT .../metadata/{key}``: a ``{key: value}``.

    The body is ``{"meta": {key: value}}``. Raises a 400 fault if the item has another key than
    `key`, or if the body is not valid (see `parse_body`).
    """
    item = parse_body(body, "meta", is_legacy=is_legacy)
    if key not in item:
        raise Fault(400, "Request body and URI mismatch")
    return item


def _check_item(name: str, key: str, value: object) -> None:
    """Raise a 400 fault if `key` or `value` is not valid (see `parse_body`).

    `name` is the body's attribute that has the item; the message for an invalid key shows it.
    """
    if not _KEY.fullmatch(key):
        raise _invalid(
            name,
            f"The key {key!r} must have 1 to 255 characters of a-z, A-Z, 0-9, - _ : . and space.",
        )
    if not isinstance(value, str):
        raise _invalid(key, "It must be a string.")
    if len(value) > _MAX_VALUE_LENGTH:
        raise _invalid(key, f"It must have at most {_MAX_VALUE_LENGTH} characters.")


def _invalid(attribute: str, reason: str) -> Fault:
    return Fault(400, f"Invalid input for field/attribute {attribute}. {reason}")


def is_reserved(key: str) -> bool:
    """Return True if the Image service lets no client set the metadata key `key`.

    Reserved are the keys in _READ_ONLY, such as ``status``, and all keys that start with
    ``os_glance``. Case matters. White space around a key is ignored.
    """
    name = key.strip()
    return name in _READ_ONLY or name.startswith(RESERVED_PREFIX)


def property_changes(
    metadata: Mapping[str, Any], base_attributes: frozenset[str], *, replace: bool, limit: int
) -> PropertyChanges:
    """Return the property changes that a deployed Compute API makes for `metadata`.

    With `replace`, all other properties are removed, except keys that start with ``os_glance``.
    `limit` is the highest number of properties that `apply_changes` accepts after the change.

    Reserved keys are not checked: call `is_reserved` before. White space around a key is removed.
    If two keys become the same, the key that had no white space counts. A value that is not text is
    converted with ``str``.

    Two kinds of items change nothing, but count towards `limit`:

    - items whose key is in `base_attributes`, such as ``name``, or is ``image_id``;
    - ``kernel_id`` and ``ramdisk_id`` with the value "" or ``none``. White space around the value
      and its case do not matter. An existing property with this key is kept, even with `replace`.
    """
    unchanged_keys_last = sorted(metadata.items(), key=lambda item: item[0] == item[0].strip())
    texts = {
        key.strip(): value if isinstance(value, str) else str(value)
        for key, value in unchanged_keys_last
    }
    dropped = {
        key
        for key in _DROPPED_WHEN_EMPTY & texts.keys()
        if texts[key].strip().lower() in ("", "none")
    }
    attributes = (base_attributes | _UNSTORABLE) & texts.keys()
    return PropertyChanges(
        set={
            key: value
            for key, value in texts.items()
            if key not in dropped and key not in attributes
        },
        replace=replace,
        keep=frozenset(dropped),
        limit=limit,
        extra_count=len(attributes),
    )


def check_count(count: int, limit: int) -> None:
    """Raise a 403 fault if `count`, a number of metadata items, is above `limit`."""
    if count > limit:
        raise Fault(403, METADATA_LIMIT_EXCEEDED)


def check_storable(metadata: Mapping[str, Any]) -> None:
    """Raise a 400 fault if the Image service cannot store the metadata.

    A key or value cannot be stored if it has a lone surrogate. A value cannot be stored if it has
    more than MAX_DEPTH levels of nesting: the response could not repeat the value. A value of
    ``mappings`` or ``block_device_mapping`` cannot be stored if it is not JSON (see `decode_json`).
    (A deployed Compute API responds with 500.)
    """
    for key, value in metadata.items():
        if not isinstance(value, str) and is_too_deep(value):
            raise _invalid(repr(key), f"It may have at most {MAX_DEPTH} levels of nesting.")
        try:
            f"{key}{value}".encode()
        except UnicodeEncodeError:
            raise _invalid(repr(key), "Key and value must be valid Unicode.") from None
    for key in ENCODED_KEYS:
        if key in metadata:
            try:
                decode_json(metadata[key])
            except (ValueError, RecursionError):
                raise _invalid(key, "It must be JSON.") from None


def decode_json(text: str) -> Any:
    """Decode JSON text. Integers are kept exactly.

    Raises ValueError if the text is not JSON, or has a number that a float cannot hold (NaN,
    1e999). Raises ValueError or RecursionError if the text is nested too deeply.
    """
    orjson.loads(text)  # is strict: raises for NaN and for deep nesting
    return json.loads(text, parse_float=_finite)


def _finite(text: str) -> float:
    """Parse a number with a fraction or an exponent.

    Raises ValueError if the number is too large for a float.
    """
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def json_fragment(text: str) -> orjson.Fragment:
    """Return JSON text as a value that orjson copies unchanged.

    Raises ValueError if orjson cannot parse the text: no JSON, NaN, 1e999, or too deep nesting.
    """
    orjson.loads(text)
    return orjson.Fragment(text)


def render_metadata(
    properties: Mapping[str, Any], decode: Callable[[str], Any] = decode_json
) -> dict[str, Any]:
    """Return a copy of an image's properties as the metadata that the Compute API shows.

    `decode` converts the values of ``mappings`` and ``block_device_mapping``, which are JSON text.
    If `decode` raises ValueError or RecursionError, the text is shown unchanged, as all other
    values are.
    """
    metadata = dict(properties)
    for key in ENCODED_KEYS:
        value = metadata.get(key)
        if isinstance(value, str):
            with contextlib.suppress(ValueError, RecursionError):
                metadata[key] = decode(value)
    return metadata
