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
# Read-only attributes that are 403 in a new image, whatever their value. Other read-only attributes
# are 400 if their value has the wrong type, otherwise 403.
_NEVER_NEW = ("direct_url", "self", "file", "schema", "stores")


def parse_new_image(caller: Caller, document: object, formats: ImageFormats) -> NewImage:
    """Return the image that the body of ``POST /v2/images`` describes.

    The owner is the caller's project if the body names none; NewImage has the other defaults.
    Raises Invalid if `document` is not an object, or if a key or a value is not allowed (see
    `check_value`). Raises Forbidden for an attribute or property that no client may set. Unless
    `caller` is an admin, raises Forbidden for an ``owner``, even null, that is not the caller's
    project.

    Does not check the ranges and quotas that `check_limits` checks, nor whether `caller` may create
    an image with this visibility.
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
    """Raise Invalid or Forbidden for keys and values that a new image may not have.

    The order of the checks is the Image service's. First, a key in _NEVER_NEW raises Forbidden.
    Then all values are checked by `check_value`. Last, all keys are checked by
    `check_key_is_writable`, those in READ_ONLY after the others.
    """
    for key in _NEVER_NEW:
        if key in document:
            check_key_is_writable(key)
    for key, value in document.items():
        check_value(key, value, formats)
    for key in sorted(document, key=READ_ONLY.__contains__):  # read-only attributes come last
        check_key_is_writable(key)


def check_limits(image: Image | NewImage, quotas: ImageQuotas) -> None:
    """Check the numbers of a new image, and the quotas of properties and tags.

    Raises Invalid if ``min_ram`` or ``min_disk`` is not an integer from 0 to 2**31 - 1. Raises
    QuotaExceeded if the image has more properties, or more different tags, than `quotas` allow. As
    in Glance, the caller of this function must check first whether the client may create the image.
    """
    for key in NUMBERS:
        check_number(key, getattr(image, key))
    quotas.check_properties(len(image.properties))
    unique_tags(image.tags, quotas)


def check_number(key: str, value: object) -> None:
    """Raise Invalid if `value` is not an integer from 0 to 2**31 - 1.

    `key` is the attribute with this value, ``min_ram`` or ``min_disk``, for the message.
    """
    _apply_check(key, value, NUMBER)


def check_key_is_writable(key: str) -> None:
    """Raise Forbidden or Invalid if no client may set the attribute or property `key`.

    Forbidden is raised for the keys in READ_ONLY and RESERVED, and for keys that start with
    RESERVED_PREFIX. Invalid is raised for keys with more than 255 characters or with a NUL
    character.
    """
    if key in READ_ONLY:
        raise Forbidden(f"Attribute '{key}' is read-only.")
    if key in RESERVED or key.startswith(RESERVED_PREFIX):
        raise Forbidden(f"Attribute '{key}' is reserved.")
    check_key_length(key)
    if "\0" in key:
        raise Invalid("The key of a property may not contain a NUL character.")


def check_key_length(key: str) -> None:
    """Raise Invalid if the key of a property has more than 255 characters."""
    if len(key) > MAX_NAME:
        raise Invalid(f"Custom property should not be greater than {MAX_NAME} characters.")


def check_value(key: str, value: object, formats: ImageFormats) -> None:
    """Raise Invalid if the attribute or property `key` may not have `value`.

    The message says what is allowed. `attribute_checks` has the allowed values of attributes that
    clients may write, and READ_ONLY_CHECKS those of other attributes. If `key` is in neither,
    `value` must be text without NUL characters, as for a property. Of the attributes in NUMBERS,
    only the type is checked here; `check_number` checks the range.
    """
    checks = attribute_checks(formats)
    _apply_check(key, value, checks.get(key) or READ_ONLY_CHECKS.get(key, _PROPERTY))


def check_tags(value: object) -> None:
    """Raise Invalid if `value` is not a list of tags that an image may have.

    A tag is text of at most 255 characters without NUL.
    """
    _apply_check("tags", value, _CHECKS_WITHOUT_FORMATS["tags"])


def _apply_check(key: str, value: object, check: ValueCheck) -> None:
    """Raise Invalid, with `key` in the message, if `check` does not allow `value`."""
    allowed, is_allowed = check
    if not is_allowed(value):
        raise Invalid(f"Invalid value for '{key}': it must be {allowed}.")


def check_formats(image: Image) -> None:
    """Raise Invalid if a queued image has no disk format or no container format.

    Call this function before data is uploaded. An image in another status raises no error.
    """
    formats = {"disk_format": image.disk_format, "container_format": image.container_format}
    missing = [name for name, value in formats.items() if not value]
    if image.status == "queued" and missing:
        raise Invalid(f"{', '.join(missing)} must be set prior to saving data.")


def unique_tags(tags: Iterable[str], quotas: ImageQuotas) -> tuple[str, ...]:
    """Return `tags` without duplicates, in the same order.

    Raises QuotaExceeded if there are more different tags than `quotas` allow.
    """
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
    """Return a ValueCheck that allows null, and text of at most `longest` characters.

    NUL characters are not allowed.
    """
    return (
        f"null or a string of at most {longest} characters, none of them NUL",
        lambda value: value is None or _is_text(value, longest),
    )


def one_of(*choices: Any) -> ValueCheck:
    """Return a ValueCheck that allows the texts in `choices`, and null if `choices` has None."""
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

# The attributes that clients may write, except the formats.
_CHECKS_WITHOUT_FORMATS: dict[str, ValueCheck] = {
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
ATTRIBUTES = frozenset((*_CHECKS_WITHOUT_FORMATS, *FORMATS))  # that clients may write


@functools.lru_cache
def attribute_checks(formats: ImageFormats) -> Mapping[str, ValueCheck]:
    """Return the check of each attribute in ATTRIBUTES, by name.

    `formats` are the formats that images may have. Do not change the result: it is cached.
    """
    return _CHECKS_WITHOUT_FORMATS | {
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
