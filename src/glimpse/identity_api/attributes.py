"""Parses the object in the body of a request, and checks the values of its attributes."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from glimpse.identity.embedded.errors import BadRequest

MAX_OBJECT_BYTES = 65_535  # of JSON; Keystone stores additional attributes in TEXT columns
_VISIBLE = re.compile(r"\S")
_ID = re.compile(r"\A[a-zA-Z0-9-]+\Z")
_MAX_DEPTH = 32  # of arrays and objects; more than 254 could not be written as JSON


class Attribute(NamedTuple):
    """The values that an attribute may have, and their description for error messages.

    ``is_valid`` returns True for a value that the attribute may have. ``meaning`` completes the
    message ``NAME has to be ...``.
    """

    is_valid: Callable[[Any], bool]
    meaning: str


class ObjectSchema(NamedTuple):
    """The form of the body of a request that creates or updates an object of one kind.

    - ``singular``: the key of the object in the body, such as ``project``.
    - ``attributes``: the attributes whose values are checked. The object may have further
      attributes, with any values that can be stored.
    - ``required``: the attributes that a new object must have.
    - ``may_be_empty``: True if an update may change nothing: the body is then ``{}``, or its object
      has no attributes.
    - ``ignores_other_keys``: True if the body may have other keys beside ``singular``.
    """

    singular: str
    attributes: Mapping[str, Attribute]
    required: tuple[str, ...] = ()
    may_be_empty: bool = False
    ignores_other_keys: bool = False


def text(
    max_length: int, meaning: str, pattern: re.Pattern[str] | None = None, min_length: int = 1
) -> Attribute:
    """Return an Attribute for strings of `min_length` to `max_length` characters.

    If `pattern` is given, the string must also contain a match of `pattern`. `meaning` completes
    the error message ``NAME has to be ...``.
    """

    def is_valid(value: object) -> bool:
        return (
            isinstance(value, str)
            and min_length <= len(value) <= max_length
            and (pattern is None or pattern.search(value) is not None)
        )

    return Attribute(is_valid, meaning)


def nullable(attribute: Attribute) -> Attribute:
    """Return an Attribute that allows null and all values of `attribute`."""
    return Attribute(
        lambda value: value is None or attribute.is_valid(value), f"{attribute.meaning}, or null"
    )


def name_up_to(max_length: int) -> Attribute:
    """Return an Attribute for names of at most `max_length` characters.

    A name needs at least one character that is not white space.
    """
    return text(
        max_length, f"a string of 1 to {max_length} characters, not all of them spaces", _VISIBLE
    )


# Keystone accepts texts such as "true" for some kinds of objects, and then responds 500.
BOOLEAN = Attribute(lambda value: isinstance(value, bool), "true or false")
STRING = Attribute(lambda value: isinstance(value, str), "a string")
ID = text(64, "a string of 1 to 64 letters, digits and hyphens", _ID)


def parse_new_object(document: object, schema: ObjectSchema) -> dict[str, Any]:
    """Return the attributes in the parsed body of a request that creates an object.

    Raises BadRequest if the body does not have the form that `schema` describes, if a required
    attribute is missing, if a value is invalid or cannot be stored (such as a text with a NUL
    character), or if the object has the attribute ``links``, which no client may set.
    """
    values = _parse_object(document, schema)
    missing = [name for name in schema.required if name not in values]
    if missing:
        raise BadRequest(f"{schema.singular} has to have the attribute {missing[0]}.")
    return values


def parse_changes(document: object, schema: ObjectSchema) -> dict[str, Any]:
    """Return the attributes in the parsed body of a request that updates an object.

    Raises BadRequest if the body does not have the form that `schema` describes, if a value is
    invalid or cannot be stored (such as a text with a NUL character), or if the object has the
    attribute ``links``, which no client may set. For the body ``{}`` and an object without
    attributes, returns an empty result if `schema.may_be_empty`, and else raises BadRequest.
    """
    if schema.may_be_empty and document == {}:
        return {}
    values = _parse_object(document, schema)
    if not values and not schema.may_be_empty:
        raise BadRequest(f"{schema.singular} has to have an attribute to change.")
    return values


def _parse_object(document: object, schema: ObjectSchema) -> dict[str, Any]:
    """Check the object in a body, and return its attributes.

    Raises BadRequest if the body or a value is invalid, if a value cannot be stored, or if the
    object has ``links``.
    """
    if not isinstance(document, dict) or not isinstance(document.get(schema.singular), dict):
        raise BadRequest(f"The body has to be an object with the object {schema.singular}.")
    if len(document) > 1 and not schema.ignores_other_keys:
        raise BadRequest(f"The body may have no key but {schema.singular}.")
    values: dict[str, Any] = document[schema.singular]
    check_values(values, schema.attributes)
    if "links" in values:  # with stored links, Keystone cannot show the object
        raise BadRequest("links are set by the service only.")
    return values


def check_values(values: Mapping[str, Any], attributes: Mapping[str, Attribute]) -> None:
    """Raise BadRequest if a value is invalid, or if `values` cannot be stored.

    `attributes` say which values are valid. A name that is not in `attributes` may have any value.
    `values` cannot be stored if a key or a text has a NUL character, if a number is not finite, if
    there are more than 32 levels of arrays and objects, or if `values` have more than 65,535 bytes
    as JSON. The message contains no value, because a value may be a password.
    """
    for name, attribute in attributes.items():
        if name in values and not attribute.is_valid(values[name]):
            raise BadRequest(f"{name} has to be {attribute.meaning}.")
    if not _is_storable([values]):
        raise BadRequest(
            "An attribute has a NUL character, a number that is not finite, or more than "
            f"{_MAX_DEPTH} levels of arrays and objects."
        )
    if len(orjson.dumps(values)) > MAX_OBJECT_BYTES:
        raise BadRequest(f"An object may have at most {MAX_OBJECT_BYTES} bytes of JSON.")


def _is_storable(level: list[Any]) -> bool:
    """Return True if the values in `level`, and all values nested within them, can be stored.

    Returns False if a key or a text has a NUL character, if a number is not finite, or if there are
    more than _MAX_DEPTH levels of arrays and objects. Checks one level after the other.
    """
    for _ in range(_MAX_DEPTH):
        if not all(map(_is_storable_value, level)):
            return False
        level = [each for value in level for each in _parts(value)]
        if not level:
            return True
    return not any(isinstance(each, dict | list) for each in level) and all(
        map(_is_storable_value, level)
    )


def _is_storable_value(value: object) -> bool:
    if isinstance(value, str):
        return "\0" not in value
    return not isinstance(value, float) or math.isfinite(value)


def _parts(value: object) -> Iterable[Any]:
    """Return the keys and values of an object or the elements of an array; else nothing."""
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else ()
