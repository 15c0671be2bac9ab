"""Parse and render the image documents of `glimpse load` and `glimpse dump`. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from glimpse.embedded.catalog import Members
from glimpse.embedded.image_changes import check_size, check_text
from glimpse.embedded.image_formats import ImageFormats
from glimpse.embedded.image_members import MEMBER_STATUSES
from glimpse.image_api.image_schema import STATUSES
from glimpse.image_api.validation import (
    NUMBER,
    NUMBERS,
    ValueCheck,
    attribute_checks,
    check_key_length,
    one_of,
    text_up_to,
)
from glimpse.images import BASE_ATTRIBUTES, Image, image_from_document, parse_date
from glimpse.images.dates import PRINTED_DATE
from glimpse.images.errors import Invalid

_MAX_SIZE = 2**63 - 1  # bytes: what a column holds
_PRINTED_DATE = re.compile(PRINTED_DATE)


def _is_size(value: object) -> bool:
    """Return True for None, and for an int that is not negative and fits a database column."""
    return value is None or (type(value) is int and 0 <= value <= _MAX_SIZE)


def _is_date(value: object) -> bool:
    return isinstance(value, str) and _normalize_date(value) is not None


_SIZE = (f"null or an integer from 0 to {_MAX_SIZE}", _is_size)
_DATE = ("a date and time in ISO 8601 notation", _is_date)
# The allowed values of numbers, and of attributes that clients of the Image API cannot write.
_CHECKS: dict[str, ValueCheck] = {
    **dict.fromkeys(NUMBERS, NUMBER),
    "status": one_of(*STATUSES),
    "size": _SIZE,
    "virtual_size": _SIZE,
    "checksum": text_up_to(32),
    "os_hash_algo": text_up_to(64),
    "os_hash_value": text_up_to(128),
    "created_at": _DATE,
    "updated_at": _DATE,
}
_REQUIRED = ("id", "status", "created_at", "updated_at")


def parse_image_and_members(document: object, formats: ImageFormats) -> tuple[Image, Members]:
    """Return the image that a document describes, and the image's members.

    `document` is parsed JSON, as of ``GET /v2/images/{id}``. ``id``, ``status``, ``created_at`` and
    ``updated_at`` are required. A missing ``visibility`` becomes "private"; other missing
    attributes become null, 0, false or empty. The id becomes lower case. Dates may have any ISO
    8601 notation; they become ``2024-02-01T10:20:30Z``. Tags keep their order and duplicates. A
    property is text or null. Attributes that are not stored, such as ``file``, are ignored.

    The members are those in the list ``members``: ``[{"member_id": ..., "status": ...}]``. If
    ``members`` is missing or null, there are none. If ``members`` is text, it is a property. The
    default status is "pending". Of several entries for a project, the last one counts.

    Raises Invalid, with the reason, if the document does not follow these rules, if `_check` or
    `_member` refuses a part of it, such as a format that is not in `formats`, or if all properties
    as JSON have more than 1,000,000 characters. Quotas are not checked.
    """
    if not isinstance(document, dict):
        raise Invalid("it is no JSON object.")
    fields = dict(document)
    has_property = isinstance(fields.get("members"), str)
    members = {} if has_property else _members(fields.pop("members", None))
    for name in _REQUIRED:
        if name not in fields:
            raise Invalid(f"'{name}' is missing.")
    for name, value in fields.items():
        _check(name, value, formats)
    try:
        image = image_from_document(fields)
    except TypeError:  # a tag: everything else is text that has been checked
        raise Invalid("a tag in 'tags' holds text that is not valid Unicode.") from None
    check_size(image)
    return (
        image._replace(
            id=image.id.lower(),
            created_at=_normalize_date(image.created_at) or "",
            updated_at=_normalize_date(image.updated_at) or "",
        ),
        members,
    )


def render_image_and_members(image: Image, members: Members) -> bytes:
    """Return a JSON document from which `parse_image_and_members` restores the arguments.

    Only a null property named ``members`` is lost. Unlike a document of the Image API, this
    document has no links, and null properties stay null. Raises Invalid if there are members, and
    the image has a property named ``members``.
    """
    document = image._asdict()
    del document["properties_json"]
    document["protected"], document["os_hidden"] = bool(image.protected), bool(image.os_hidden)
    document["tags"] = orjson.Fragment(document.pop("tags_json"))
    properties = image.properties
    if members and "members" in properties:
        raise Invalid("it has members, and a property that is named members.")
    if members:
        document["members"] = [
            {"member_id": project, "status": status} for project, status in members.items()
        ]
    return orjson.dumps(document | properties)


def _check(name: str, value: object, formats: ImageFormats) -> None:
    """Raise Invalid if the attribute or property `name` may not have `value`.

    An attribute may have the values that _CHECKS or `attribute_checks` allows for it; an attribute
    in neither is not checked. A property may be None or text, and its key may have up to 255
    characters. Keys and texts may not have NUL characters or lone surrogates.
    """
    check = _CHECKS.get(name) or attribute_checks(formats).get(name)
    if check is not None:
        allowed, is_allowed = check
        if not is_allowed(value):
            raise Invalid(f"invalid value for '{name}': it must be {allowed}.")
        if isinstance(value, str):
            check_text(name, value)
    elif name not in BASE_ATTRIBUTES:
        check_key_length(name)
        check_text("the key of a property", name)
        if not isinstance(value, str | None):
            raise Invalid(f"invalid value for '{name}': it must be null or a string.")
        if value is not None:
            check_text(name, value)


def _members(entries: object) -> Members:
    """Return the statuses in the list ``members`` of a document, by project id; {} for None.

    If a project has several entries, the last one counts. Raises Invalid if `entries` is no list,
    or for a malformed entry.
    """
    if entries is None:
        return {}
    if not isinstance(entries, list):
        raise Invalid("'members' must be a list.")
    return dict(_member(entry) for entry in entries)


def _member(entry: object) -> tuple[str, str]:
    """Return the project id and the status of a member. The default status is pending.

    Raises Invalid if `entry` is no object, if the id does not have 1 to 255 characters, if the id
    has a NUL character or a lone surrogate, or if the status is not one of MEMBER_STATUSES.
    """
    member: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    project, status = member.get("member_id"), member.get("status", "pending")
    allowed, is_allowed = one_of(*MEMBER_STATUSES)
    if not isinstance(project, str) or not 0 < len(project) <= 255:  # noqa: PLR2004  as a column
        raise Invalid("a member must be an object with a 'member_id' of 1 to 255 characters.")
    if not is_allowed(status):
        raise Invalid(f"invalid 'status' of a member: it must be {allowed}.")
    check_text("member_id", project)
    return project, status


def _normalize_date(date: str) -> str | None:
    """Return an ISO 8601 date as ``2024-02-01T10:20:30Z``; None for text that is not a date.

    A date without a zone is in UTC. A fraction of a second is dropped.
    """
    if _PRINTED_DATE.fullmatch(date):  # as most dates; parse_date takes longer
        try:
            datetime.fromisoformat(date)
        except ValueError:
            return None
        return date
    return parse_date(date)
