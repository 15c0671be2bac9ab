"""Validate the attributes and properties that clients write, and their values. Pure."""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.image_formats import ImageFormats
from glimpse.embedded.quotas import ImageQuotas
from glimpse.image_api.image_schema import (
    MAX_NAME,
    MAX_NUMBER,
    STATUSES,
    UUID_PATTERN,
    VISIBILITIES,
)
from glimpse.images import RESERVED_PREFIX, Caller, Image
from glimpse.images.errors import Forbidden, Invalid

# A description of the allowed values, for messages, and a function that returns True for them.
ValueCheck = tuple[str, Callable[[object], bool]]

READ_ONLY = frozenset(
    (
        *("created_at", "updated_at", "status", "checksum", "size", "virtual_size", "direct_url"),
        *("self", "file", "schema", "stores", "os_hash_algo", "os_hash_value"),
    )
)
NUMBERS = ("min_ram", "min_disk")
RESERVED = frozenset(("location", "locations", "deleted", "deleted_at"))
# Read-only attributes that a new image may not have, whatever their value: 403. Other read-only
# attributes are 400 if their value has the wrong type, otherwise 403.
_NEVER_NEW = ("direct_url", "self", "file", "schema", "stores")


def parse_new_image(caller: Caller, document: object, formats: ImageFormats) -> NewImage:
    """Return the image that the body of ``POST /v2/images`` describes.

    `check_key` and `check_value` say what is allowed; NewImage has the defaults. Raises Invalid for
    a key or value that is not allowed; Forbidden for an attribute that no client may set, and for
    an owner that is not the caller's project (null, too) unless `caller` is an admin. Whether
    `caller` may create an image with this visibility is not checked, nor what `check_limits` does.
    """
    if not isinstance(document, dict):
        raise Invalid("The body must be a JSON object that describes an image.")
    _check_new_keys_and_values(document, formats)
    attributes = {key: value for key, value in document.items() if key in ATTRIBUTES}
    properties = {key: value for key, value in document.items() if key not in ATTRIBUTES}
    owner = attributes.setdefault("owner", caller.project_id)
    if owner != caller.project_id and not caller.is_admin:
        raise Forbidden(f"You are not permitted to create images owned by '{owner}'.")
    return NewImage(**attributes, properties=properties)


def _check_new_keys_and_values(document: Mapping[str, object], formats: ImageFormats) -> None:
    """Check a new image in the order of the Image service, which decides between 400 and 403.

    Raises Invalid or Forbidden (see `parse_new_image`).
    """
    for key in _NEVER_NEW:
        if key in document:
            check_key(key)
    for key, value in document.items():
        check_value(key, value, formats)
    for key in sorted(document, key=READ_ONLY.__contains__):  # read-only attributes come last
        check_key(key)


def check_limits(image: Image | NewImage, quotas: ImageQuotas) -> None:
    """Raise Invalid for a number that cannot be stored; check the quotas of a new image.

    Raises QuotaExceeded for more properties, or more different tags, than `quotas` allow. As in
    Glance, call this after the permission to create the image was checked.
    """
    for key in NUMBERS:
        check_number(key, getattr(image, key))
    quotas.check_properties(len(image.properties))
    unique_tags(image.tags, quotas)


def check_number(key: str, value: object) -> None:
    """Raise Invalid unless `value` is a number that ``min_ram`` and ``min_disk`` may have."""
    _check(key, value, NUMBER)


def check_key(key: str) -> None:
    """Raise Forbidden for a key that no client may set, Invalid for one that cannot be a key.

    The former are READ_ONLY, RESERVED and those that start with RESERVED_PREFIX; the latter have
    more than 255 characters, or a NUL character.
    """
    if key in READ_ONLY:
        raise Forbidden(f"Attribute '{key}' is read-only.")
    if key in RESERVED or key.startswith(RESERVED_PREFIX):
        raise Forbidden(f"Attribute '{key}' is reserved.")
    check_property_key(key)
    if "\0" in key:
        raise Invalid("The key of a property may not contain a NUL character.")


def check_property_key(key: str) -> None:
    """Raise Invalid for the key of a property that has more than 255 characters."""
    if len(key) > MAX_NAME:
        raise Invalid(f"Custom property should not be greater than {MAX_NAME} characters.")


def check_value(key: str, value: object, formats: ImageFormats) -> None:
    """Raise Invalid unless the attribute or property `key` may have `value`; say what is allowed.

    `attribute_checks` describes the attributes that clients may write, without the range of
    NUMBERS, which `check_number` checks. READ_ONLY_CHECKS describes the types of the others. A
    property is a text without NUL characters.
    """
    checks = attribute_checks(formats)
    _check(key, value, checks.get(key) or READ_ONLY_CHECKS.get(key, _PROPERTY))


def check_tags(value: object) -> None:
    """Raise Invalid unless an image may have the tags `value`."""
    _check("tags", value, CHECKS["tags"])


def _check(key: str, value: object, check: ValueCheck) -> None:
    allowed, is_allowed = check
    if not is_allowed(value):
        raise Invalid(f"Invalid value for '{key}': it must be {allowed}.")


def check_formats(image: Image) -> None:
    """Raise Invalid if the image is queued, but its disk or container format is not set.

    Both have to be known before data is uploaded.
    """
    formats = {"disk_format": image.disk_format, "container_format": image.container_format}
    missing = [name for name, value in formats.items() if not value]
    if image.status == "queued" and missing:
        raise Invalid(f"{', '.join(missing)} must be set prior to saving data.")


def unique_tags(tags: Iterable[str], quotas: ImageQuotas) -> tuple[str, ...]:
    """Return each tag once, in their order. Raises QuotaExceeded if these are too many."""
    unique = tuple(dict.fromkeys(tags))
    quotas.check_tags(len(unique))
    return unique


def _is_text(value: object, longest: int | None = None) -> bool:
    return (
        isinstance(value, str) and "\0" not in value and (longest is None or len(value) <= longest)
    )


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_NUMBER


def _is_size(value: object) -> bool:
    return value is None or type(value) is int


def _is_location_list(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_location, value))


def _is_location(value: object) -> bool:
    return (
        isinstance(value, dict)
        and _is_text(value.get("url"), MAX_NAME)
        and isinstance(value.get("metadata"), dict)
    )


def _is_integer(value: object) -> bool:
    return type(value) is int


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(UUID_PATTERN.strip("^$"), value) is not None


def _is_tag_list(value: object) -> bool:
    return isinstance(value, list) and all(_is_text(tag, MAX_NAME) for tag in value)


def text_up_to(longest: int) -> ValueCheck:
    """Return a check for values that are null, or text of at most `longest` characters.

    Text must not have a NUL character.
    """
    return (
        f"null or a string of at most {longest} characters, none of them NUL",
        lambda value: value is None or _is_text(value, longest),
    )


def one_of(*choices: Any) -> ValueCheck:
    """Return a check for values that are one of `choices`: texts, and None for null."""
    wording = ", ".join("null" if choice is None else str(choice) for choice in choices)
    return (
        f"one of {wording}",
        lambda value: (
            (value is None and None in choices) or (isinstance(value, str) and value in choices)
        ),
    )


_NULLABLE_NAME = text_up_to(MAX_NAME)
NUMBER: ValueCheck = (f"an integer from 0 to {MAX_NUMBER}", _is_number)
_PROPERTY: ValueCheck = ("a string without NUL characters", _is_text)

# The attributes that clients may write, but for the formats.
CHECKS: dict[str, ValueCheck] = {
    "id": ("a UUID", _is_uuid),
    "name": _NULLABLE_NAME,
    "owner": _NULLABLE_NAME,
    "visibility": one_of(*VISIBILITIES),
    "protected": ("true or false", _is_boolean),
    "os_hidden": ("true or false", _is_boolean),
    **dict.fromkeys(NUMBERS, ("an integer", _is_integer)),
    "tags": (f"a list of strings of at most {MAX_NAME} characters", _is_tag_list),
}

FORMATS = ("disk_format", "container_format")
ATTRIBUTES = frozenset((*CHECKS, *FORMATS))  # that clients may write


@functools.lru_cache
def attribute_checks(formats: ImageFormats) -> Mapping[str, ValueCheck]:
    """Return the checks of ATTRIBUTES: those of CHECKS, and which formats an image may get."""
    return CHECKS | {
        "disk_format": one_of(None, *formats.disk_formats),
        "container_format": one_of(None, *formats.container_formats),
    }


# The types of attributes that no client may set.
READ_ONLY_CHECKS: dict[str, ValueCheck] = {
    "status": one_of(*STATUSES),
    "checksum": text_up_to(32),
    "os_hash_algo": text_up_to(64),
    "os_hash_value": text_up_to(128),
    "size": ("null or an integer", _is_size),
    "virtual_size": ("null or an integer", _is_size),
    "locations": ("a list of objects with a 'url' and 'metadata'", _is_location_list),
}
