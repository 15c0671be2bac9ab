"""The columns of an image that statements select, and the Image that is made from a row."""

import logging
from datetime import UTC, datetime
from typing import Any

import orjson

from glimpse.glance_database.connection import Row
from glimpse.images import BASE_ATTRIBUTES, Image
from glimpse.images.errors import InvalidResponse
from glimpse.telemetry.broken_records import BrokenRecords

_broken_images = BrokenRecords(logging.getLogger(__name__), "image")

# In the order of the fields of Image; statements add the tags and the properties, as JSON.
COLUMNS = (
    *("id", "name", "status", "visibility", "owner", "size", "virtual_size", "min_ram", "min_disk"),
    *("protected", "os_hidden", "disk_format", "container_format"),
    *("checksum", "os_hash_algo", "os_hash_value", "created_at", "updated_at"),
)
_CREATED, _UPDATED = COLUMNS.index("created_at"), COLUMNS.index("updated_at")
_PROTECTED, _HIDDEN = COLUMNS.index("protected"), COLUMNS.index("os_hidden")
PROPERTIES = len(COLUMNS) + 1  # the index of the properties in a row
# Properties that Glance's responses leave out: they are internal, or named as an attribute.
_NOT_SHOWN = frozenset(("os_glance_stage_host", "os_glance_hash_op_host")) | BASE_ATTRIBUTES


def make_image(row: Row) -> Image:
    """Return the Image that a row describes.

    The row has COLUMNS, then the tags and the properties as JSON text; further columns are ignored.
    Properties that Glance does not show are left out. If the date of the last change is NULL, the
    Image has the present time instead, as in Glance.

    Raises InvalidResponse if the creation date is NULL, if a date is not valid, such as
    ``0000-00-00``, or if the tags or properties are NULL or not JSON. Properties are NULL if they
    are too large (see `statements.image_columns`).
    """
    values = list(row[: len(Image._fields)])
    values[_PROTECTED], values[_HIDDEN] = bool(values[_PROTECTED]), bool(values[_HIDDEN])
    values[_CREATED] = _print_date(values[_CREATED])
    # As in Glance's responses, a missing date of the last change is the present.
    values[_UPDATED] = _print_date(values[_UPDATED] or datetime.now(UTC).replace(tzinfo=None))
    try:
        tags, properties = orjson.loads(values[-2]), orjson.loads(values[-1])
    except (TypeError, ValueError):
        raise InvalidResponse("The Image service's database has no JSON for an image.") from None
    if not _NOT_SHOWN.isdisjoint(properties):
        properties = {key: properties[key] for key in properties if key not in _NOT_SHOWN}
    values[-2], values[-1] = orjson.dumps(tags).decode(), orjson.dumps(properties).decode()
    return Image._make(values)


def make_listed_image(row: Row) -> Image | None:
    """Return the Image that a row describes; None for a malformed row, whose id is logged.

    Each id is logged only once, and 1,000 ids at most. A row is malformed if `make_image` raises
    InvalidResponse.
    """
    try:
        return make_image(row)
    except InvalidResponse as error:
        _broken_images.report(row[0], str(error))
        return None


def replace_nulls(image: Image, all_keys: frozenset[str]) -> Image:
    """Return a copy of the image in which null properties are empty texts.

    `all_keys` are the keys of Glance's image schema. A property with such a key stays null.
    """
    properties = {
        key: "" if value is None and key not in all_keys else value
        for key, value in image.properties.items()
    }
    return image._replace(properties_json=orjson.dumps(properties).decode())


def _print_date(moment: Any) -> str:
    """Return a date in UTC as ``2026-01-31T12:00:00Z``, without fractions of a second.

    Raises InvalidResponse if `moment` is not a datetime.
    """
    if not isinstance(moment, datetime):
        raise InvalidResponse("The Image service's database has an image without a date.")
    return f"{moment.isoformat(timespec='seconds')}Z"
