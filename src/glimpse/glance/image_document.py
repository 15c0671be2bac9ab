"""Checks the JSON documents of images that Glance sends, and makes Images of them."""

import logging
import re
from collections.abc import Iterator
from typing import Any

from glimpse.images import Image, image_from_document
from glimpse.images.errors import InvalidResponse
from glimpse.telemetry.broken_records import BrokenRecords

_broken_images = BrokenRecords(logging.getLogger(__name__), "image")

_TEXT = frozenset((str,))
_TEXT_OR_NULL = frozenset((str, type(None)))
_NUMBER = frozenset((int, type(None)))  # an integer of more than 64 bits is parsed as a float
_BOOLEAN = frozenset((bool, type(None)))
_TYPES = (
    ("status", _TEXT),
    ("created_at", _TEXT),
    ("updated_at", _TEXT),
    ("name", _TEXT_OR_NULL),
    ("owner", _TEXT_OR_NULL),
    ("disk_format", _TEXT_OR_NULL),
    ("container_format", _TEXT_OR_NULL),
    ("checksum", _TEXT_OR_NULL),
    ("os_hash_algo", _TEXT_OR_NULL),
    ("os_hash_value", _TEXT_OR_NULL),
    ("size", _NUMBER),
    ("virtual_size", _NUMBER),
    ("min_ram", _NUMBER),
    ("min_disk", _NUMBER),
    ("protected", _BOOLEAN),
    ("os_hidden", _BOOLEAN),
)
# An id becomes a part of URLs, and of JSON that is joined from text. Glance stores 36 characters.
_ID = re.compile(r"[!#-\[\]-~]{1,255}")


def parse_image(document: Any, base_attributes: frozenset[str]) -> Image:
    """Return the image that a parsed JSON document describes.

    Keys that are not in `base_attributes` are properties. A property whose value is neither text
    nor null becomes JSON text. Keys of `base_attributes` that Image does not have, such as
    ``file``, are left out. A missing visibility becomes "private". Any other attribute that is
    missing or null becomes 0 (``min_ram``, ``min_disk``), False (``protected``, ``os_hidden``),
    an empty list (``tags``) or None (the rest). The status and the dates may be any text.

    Raises InvalidResponse

    - if the document is not an object
    - if ``id``, ``status``, ``created_at`` or ``updated_at`` is missing or null
    - if another attribute has the wrong type, or ``visibility`` is null; but ``tags`` may be any
      empty or zero value
    - if a property cannot be written as JSON
    - if the id is not 1 to 255 printable ASCII characters, or has a space, a double quote or a
      backslash
    """
    if not isinstance(document, dict):
        raise InvalidResponse("The Image service's response is not an image.")
    get = document.get
    for key, types in _TYPES:
        if type(get(key)) not in types:
            raise _invalid(key)
    image_id, tags = get("id"), get("tags") or []
    if not (isinstance(image_id, str) and _ID.fullmatch(image_id)):
        raise _invalid("id")
    if not isinstance(get("visibility", ""), str):
        raise _invalid("visibility")
    if not (isinstance(tags, list) and _TEXT.issuperset(map(type, tags))):
        raise _invalid("tags")
    try:
        return image_from_document(document, base_attributes)
    except TypeError:  # a property nested too deeply for orjson
        raise _invalid("properties") from None


def _invalid(key: str) -> InvalidResponse:
    return InvalidResponse(f"The Image service's response is not an image: {key} makes no sense.")


def parse_images(
    documents: list[dict[str, Any]], base_attributes: frozenset[str]
) -> Iterator[Image]:
    """Yield the images in `documents`, in order. Log and skip documents that are not images.

    Keys in `base_attributes` are attributes; all other keys are properties. Each document is
    removed from the list `documents` when it is parsed, so that its memory is freed. The log has
    each id only once.
    """
    for document in _pop_all(documents):
        try:
            yield parse_image(document, base_attributes)
        except InvalidResponse as error:
            image_id = document.get("id") if isinstance(document, dict) else None
            _broken_images.report(image_id, str(error))


def _pop_all(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the documents in order, and remove each from the list, which may hold megabytes."""
    documents.reverse()
    while documents:
        yield documents.pop()
