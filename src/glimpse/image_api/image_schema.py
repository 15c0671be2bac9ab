"""The JSON schemas of an image and of a list, and the values that attributes may have.

Clients distinguish an image's attributes from its properties by the schema.
"""

from typing import Any

from glimpse.embedded.image_formats import ImageFormats

VISIBILITIES = ("community", "public", "private", "shared")
STATUSES = (
    *("queued", "saving", "active", "killed", "deleted", "uploading", "importing"),
    *("pending_delete", "deactivated"),
)
UUID_PATTERN = (
    "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
)
MAX_NAME = 255  # characters, of names, owners, tags and property keys
MAX_NUMBER = 2**31 - 1  # of min_ram (MiB) and min_disk (GiB): what a database column holds
_NULLABLE_TEXT = ["null", "string"]


def _attribute(kind: str | list[str], description: str, **rest: Any) -> dict[str, Any]:
    return {"type": kind, "description": description, **rest}


def _read_only(kind: str | list[str], description: str, **rest: Any) -> dict[str, Any]:
    return _attribute(kind, description, readOnly=True, **rest)


_LOCATION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "maxLength": 255},
        "metadata": {"type": "object"},
        "validation_data": _attribute(
            "object",
            "Digests of the data at the URL, for an image that has no data yet",
            writeOnly=True,
            additionalProperties=False,
            properties={
                "checksum": {"type": "string", "minLength": 32, "maxLength": 32},
                "os_hash_algo": {"type": "string", "maxLength": 64},
                "os_hash_value": {"type": "string", "maxLength": 128},
            },
            required=["os_hash_algo", "os_hash_value"],
        ),
    },
    "required": ["url", "metadata"],
}

_PROPERTIES: dict[str, dict[str, Any]] = {
    "id": _attribute("string", "An identifier for the image", pattern=UUID_PATTERN),
    "name": _attribute(_NULLABLE_TEXT, "Descriptive name for the image", maxLength=MAX_NAME),
    "status": _read_only("string", "Status of the image", enum=list(STATUSES)),
    "visibility": _attribute("string", "Who can see the image", enum=list(VISIBILITIES)),
    "protected": _attribute("boolean", "If true, the image cannot be deleted."),
    "os_hidden": _attribute("boolean", "If true, the image is not listed unless asked for."),
    "checksum": _read_only(_NULLABLE_TEXT, "md5 of the image data.", maxLength=32),
    "os_hash_algo": _read_only(_NULLABLE_TEXT, "Algorithm of os_hash_value", maxLength=64),
    "os_hash_value": _read_only(_NULLABLE_TEXT, "Hex digest of the image data", maxLength=128),
    "owner": _attribute(_NULLABLE_TEXT, "Owner of the image", maxLength=MAX_NAME),
    "size": _read_only(["null", "integer"], "Size of the image data in bytes"),
    "virtual_size": _read_only(["null", "integer"], "Virtual size of the image in bytes"),
    "container_format": _attribute(_NULLABLE_TEXT, "Format of the container"),
    "disk_format": _attribute(_NULLABLE_TEXT, "Format of the disk"),
    "created_at": _read_only("string", "When the image was registered"),
    "updated_at": _read_only("string", "When the image was last changed"),
    "tags": _attribute(
        "array",
        "List of strings related to the image",
        items={"type": "string", "maxLength": MAX_NAME},
    ),
    "min_ram": _attribute("integer", "Memory in MiB that booting the image requires."),
    "min_disk": _attribute("integer", "Disk space in GiB that booting the image requires."),
    "self": _read_only("string", "URL of the image"),
    "file": _read_only("string", "URL of the image data"),
    "schema": _read_only("string", "URL of the image schema"),
    "stores": _read_only("string", "Stores that the image data is in, comma-separated"),
    # Never shown here, but named: in other deployments they are attributes, not properties.
    "direct_url": _read_only("string", "URL of the image data in an external store"),
    "locations": _attribute("array", "URLs of the image data", items=_LOCATION),
}


def image_schema(formats: ImageFormats) -> dict[str, Any]:
    """Return the JSON schema of an image. `formats` are the formats that images may have."""
    enums = {
        "container_format": [None, *formats.container_formats],
        "disk_format": [None, *formats.disk_formats],
    }
    with_enums = {key: {**_PROPERTIES[key], "enum": enum} for key, enum in enums.items()}
    return {
        "name": "image",
        "properties": _PROPERTIES | with_enums,
        "additionalProperties": {"type": "string"},
        "links": [
            {"rel": "self", "href": "{self}"},
            {"rel": "enclosure", "href": "{file}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }


def images_schema(formats: ImageFormats) -> dict[str, Any]:
    """Return the JSON schema of a page of images.

    `formats` are the formats that images may have.
    """
    return {
        "name": "images",
        "properties": {
            "images": {"type": "array", "items": image_schema(formats)},
            "first": {"type": "string"},
            "next": {"type": "string"},
            "schema": {"type": "string"},
        },
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }
