"""Metadata: request bodies checked, and turned into changes of an image's properties."""

import contextlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from glimpse.compute.faults import Fault
from glimpse.images import PropertyChanges

ENCODED_KEYS = ("block_device_mapping", "mappings")
_DROPPED_WHEN_EMPTY = frozenset(("kernel_id", "ramdisk_id"))
_KEY = re.compile(r"[a-zA-Z0-9-_:. ]{1,255}\n?")
_LONGEST_VALUE = 255
# No attribute, but Compute overwrites it on its way, and the Image service knows no such property.
_UNSTORABLE = frozenset(("image_id",))
# Attributes that the Image service lets nobody set, and that Compute tells it of all the same.
_READ_ONLY = frozenset(
    (
        *("status", "created_at", "updated_at", "deleted", "deleted_at"),
        *("direct_url", "file", "location", "schema"),
    )
)


def parse_body(body: Any, name: str, *, legacy: bool) -> dict[str, Any]:
    """The metadata in a request body ``{name: {key: value}}``.

    `name` is ``metadata``, or ``meta`` for exactly one item. In the `legacy` API (``/v2``) further
    keys of the body are ignored, and keys of any form pass, with any value, when none is of the
    usual form: as the Compute API relaxes it. Raises a 400 fault that names the attribute and what
    is allowed.
    """
    if not isinstance(body, dict):
        raise Fault(400, f"The request body must be an object with the attribute {name}.")
    if name not in body:
        raise Fault(400, f"'{name}' is a required property")
    if len(body) > 1 and not legacy:
        extra = ", ".join(repr(key) for key in body if key != name)
        raise Fault(400, f"Additional properties are not allowed ({extra} unexpected)")
    metadata = body[name]
    if not isinstance(metadata, dict):
        raise _invalid(name, "It must be an object of keys and values.")
    if name == "meta" and len(metadata) != 1:
        raise _invalid(name, "It must have exactly one key.")
    if not (legacy and not any(_KEY.fullmatch(key) for key in metadata)):
        for key, value in metadata.items():
            _check_item(name, key, value)
    return metadata


def _check_item(name: str, key: str, value: object) -> None:
    if not _KEY.fullmatch(key):
        raise _invalid(
            name,
            f"The key {key!r} must have 1 to 255 characters of a-z, A-Z, 0-9, - _ : . and space.",
        )
    if not isinstance(value, str):
        raise _invalid(key, "It must be a string.")
    if len(value) > _LONGEST_VALUE:
        raise _invalid(key, f"It must have at most {_LONGEST_VALUE} characters.")


def _invalid(attribute: str, why: str) -> Fault:
    return Fault(400, f"Invalid input for field/attribute {attribute}. {why}")


def is_reserved(key: str) -> bool:
    """Whether the Image service refuses to set the key, whoever asks."""
    name = key.strip()
    return name in _READ_ONLY or name.startswith("os_glance")


def property_changes(
    asked: Mapping[str, Any], base_attributes: frozenset[str], *, replace: bool, limit: int
) -> PropertyChanges:
    """The change of properties that setting this metadata means.

    The Image service drops white space around a key, unless there is that key without, and has
    texts only. Base attributes of an image are accepted and change nothing, but count towards the
    limit, as do the empty kernel and ramdisk ids that are dropped.
    """
    as_it_is_last = sorted(asked.items(), key=lambda item: item[0] == item[0].strip())
    metadata = {
        key.strip(): value if isinstance(value, str) else str(value) for key, value in as_it_is_last
    }
    dropped = {
        key
        for key in _DROPPED_WHEN_EMPTY & metadata.keys()
        if metadata[key].strip().lower() in ("", "none")
    }
    attributes = (base_attributes | _UNSTORABLE) & metadata.keys()
    return PropertyChanges(
        set={
            key: value
            for key, value in metadata.items()
            if key not in dropped and key not in attributes
        },
        replace=replace,
        keep=frozenset(dropped),
        limit=limit,
        counted=len(attributes),
    )


def check_storable(metadata: Mapping[str, Any]) -> None:
    """Raise a 400 fault for what can be stored nowhere (repair R2).

    Half of a surrogate pair, which JSON can write, and a value that must be JSON and is not.
    """
    for key, value in metadata.items():
        try:
            f"{key}{value}".encode()
        except UnicodeEncodeError:
            raise _invalid(repr(key), "Key and value must be valid Unicode.") from None
    for key in ENCODED_KEYS:
        if key in metadata:
            try:
                decoded(metadata[key])
            except (ValueError, RecursionError):
                raise _invalid(key, "It must be JSON.") from None


def decoded(text: str) -> Any:
    """The value of a JSON text. Raises ValueError or RecursionError when it has none."""
    orjson.loads(text)  # the strict parser: no NaN, no endless nesting
    return json.loads(text, parse_float=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def fragment(text: str) -> orjson.Fragment:
    """A JSON text, to be put into a document as it is. Raises ValueError when it is none."""
    orjson.loads(text)
    return orjson.Fragment(text)


def shown_metadata(
    properties: Mapping[str, Any], decode: Callable[[str], Any] = decoded
) -> dict[str, Any]:
    """Properties as metadata: the keys that hold JSON decoded, where it is JSON (repair R2)."""
    metadata = dict(properties)
    for key in ENCODED_KEYS:
        value = metadata.get(key)
        if isinstance(value, str):
            with contextlib.suppress(ValueError, RecursionError):
                metadata[key] = decode(value)
    return metadata
