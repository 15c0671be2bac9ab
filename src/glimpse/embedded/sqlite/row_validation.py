"""Row validation: detect rows of images that Glimpse cannot show, and log each row once.

Every row that Glimpse writes is valid, but other programs may write to the file, too.
"""

import logging
import re
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson

from glimpse.images import Image
from glimpse.images.dates import PRINTED_DATE
from glimpse.telemetry.broken_records import BrokenRecords

Result = TypeVar("Result")
_broken = BrokenRecords(logging.getLogger(__name__), "image")
_NULL = type(None)
_TEXT: frozenset[type] = frozenset((str,))
_TEXT_OR_NULL: frozenset[type] = frozenset((str, _NULL))
_ALLOWED: dict[str, frozenset[type]] = {
    **dict.fromkeys(Image._fields, _TEXT_OR_NULL),
    **dict.fromkeys(("id", "status", "visibility", "created_at", "updated_at"), _TEXT),
    **dict.fromkeys(("tags_json", "properties_json"), _TEXT),
    **dict.fromkeys(("min_ram", "min_disk", "protected", "os_hidden"), frozenset((int, bool))),
    **dict.fromkeys(("size", "virtual_size"), frozenset((int, _NULL))),
}
# The types of the columns of valid rows seen before: a few hundred combinations at most.
_valid_types: set[tuple[type, ...]] = set()
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_TWO_DATES = re.compile(PRINTED_DATE * 2).fullmatch


def is_valid_image(image: Image) -> bool:
    """Return True if an image from the file has the types and formats that Glimpse writes.

    The id must be a UUID in lower case. Dates must be like ``2024-01-31T12:00:00Z``. Tags must be a
    JSON list of texts, properties a JSON object of texts and nulls. The other columns must have the
    types of an Image.

    An invalid image is logged with the reason, once for each of at most 1,000 images. The check
    takes 1.5 µs for a valid image.
    """
    reason = _invalid_reason(image)
    if reason is None:
        return True
    _broken.report(image.id, reason)
    return False


def _invalid_reason(image: Image) -> str | None:
    """Return why an image is not valid; None if the image is valid."""
    types = tuple(map(type, image))
    if types not in _valid_types:
        for name, kind in zip(Image._fields, types, strict=True):
            if kind not in _ALLOWED[name]:
                return f"{name} is of the wrong type"
        _valid_types.add(types)
    try:
        datetime.fromisoformat(image.created_at)
        datetime.fromisoformat(image.updated_at)
        properties, tags = orjson.loads(image.properties_json), orjson.loads(image.tags_json)
    except ValueError:
        return "created_at, updated_at, tags or properties cannot be parsed"
    if type(properties) is not dict or not _TEXT_OR_NULL.issuperset(map(type, properties.values())):
        return "properties is not an object of texts"
    if type(tags) is not list or not _TEXT.issuperset(map(type, tags)):
        return "tags is not a list of texts"
    if not _TWO_DATES(image.created_at + image.updated_at):
        return "created_at or updated_at is not as this service writes it"
    return None if _UUID(image.id) else "id is not a UUID in lower case"


def read_rows(
    connection: sqlite3.Connection,
    statement: str,
    parameters: Sequence[Any],
    fetch: Callable[[sqlite3.Cursor], Result],
) -> Result:
    """Execute a statement, and return what `fetch` returns for its cursor.

    If a text in the rows is not UTF-8, the statement and `fetch` run a second time, with a new
    cursor. Then each text that is not UTF-8 is bytes, so that `is_valid_image` rejects only the
    images with such a text. Raises sqlite3.Error if the statement fails.
    """
    try:
        return fetch(connection.execute(statement, parameters))
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
    connection.text_factory = text_or_bytes
    try:
        return fetch(connection.execute(statement, parameters))
    finally:
        connection.text_factory = str


def text_or_bytes(content: bytes) -> str | bytes:
    """Decode a text of SQLite; return the bytes unchanged if they are not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
