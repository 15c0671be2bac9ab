"""Image: one image record, with the attributes that the Image service stores."""

from typing import Any, NamedTuple

import orjson

# The attributes that the Image API's schema of an image has (v2). Every other key of an image
# document is a property.
BASE_ATTRIBUTES = frozenset(
    {
        "id",
        "name",
        "status",
        "visibility",
        "protected",
        "os_hidden",
        "checksum",
        "os_hash_algo",
        "os_hash_value",
        "owner",
        "size",
        "virtual_size",
        "container_format",
        "disk_format",
        "created_at",
        "updated_at",
        "tags",
        "direct_url",
        "min_ram",
        "min_disk",
        "self",
        "file",
        "stores",
        "schema",
        "locations",
    }
)


class Image(NamedTuple):
    """One image. Sizes are in bytes, ``min_ram`` in MiB, ``min_disk`` in GiB.

    Dates are text in UTC: ``2024-02-01T10:20:30Z``. ``tags_json`` is a JSON list of texts.
    ``properties_json`` is a JSON object of texts and nulls. These two fields are JSON text, so that
    responses can copy the text without parsing it.

    Image is a named tuple, because a list may have 100,000 images, and a named tuple is the fastest
    object to make from a row of a catalog.
    """

    id: str
    name: str | None
    status: str
    visibility: str
    owner: str | None
    size: int | None
    virtual_size: int | None
    min_ram: int
    min_disk: int
    protected: bool
    os_hidden: bool
    disk_format: str | None
    container_format: str | None
    checksum: str | None
    os_hash_algo: str | None
    os_hash_value: str | None
    created_at: str
    updated_at: str
    tags_json: str
    properties_json: str

    @property
    def properties(self) -> dict[str, str | None]:
        """The properties by key. A value may be None. Each access parses the JSON text."""
        parsed: dict[str, str | None] = orjson.loads(self.properties_json)
        return parsed

    @property
    def tags(self) -> list[str]:
        """The tags. Each access parses the JSON text."""
        parsed: list[str] = orjson.loads(self.tags_json)
        return parsed


_PROPERTY_TYPES = frozenset((str, type(None)))


def _as_text(value: Any) -> str | None:
    """Return text and None unchanged, and any other value as JSON text.

    Raises TypeError if the value cannot be written as JSON.
    """
    return value if type(value) in _PROPERTY_TYPES else orjson.dumps(value).decode()


def image_from_document(
    document: dict[str, Any], base_attributes: frozenset[str] = BASE_ATTRIBUTES
) -> Image:
    """Make an Image of a parsed document of ``GET /v2/images/{id}`` of the Image API.

    Every key that is not in `base_attributes` is a property. A property that is neither text nor
    None becomes JSON text. The types of attributes are not checked. Raises KeyError if ``id``,
    ``status``, ``created_at`` or ``updated_at`` is missing. A missing ``visibility`` becomes
    "private". A missing or null number (``min_ram``, ``min_disk``) becomes 0, a flag
    (``protected``, ``os_hidden``) False, and ``tags`` an empty list. All other missing attributes
    become None.

    Raises TypeError if `document` is not a dict, or if a tag or property cannot be written as JSON:
    if it has a lone surrogate, for example.
    """
    properties = {key: document[key] for key in document if key not in base_attributes}
    if not _PROPERTY_TYPES.issuperset(map(type, properties.values())):
        properties = {key: _as_text(value) for key, value in properties.items()}
    return Image(
        id=document["id"],
        name=document.get("name"),
        status=document["status"],
        visibility=document.get("visibility", "private"),
        owner=document.get("owner"),
        size=document.get("size"),
        virtual_size=document.get("virtual_size"),
        min_ram=document.get("min_ram") or 0,
        min_disk=document.get("min_disk") or 0,
        protected=bool(document.get("protected")),
        os_hidden=bool(document.get("os_hidden")),
        disk_format=document.get("disk_format"),
        container_format=document.get("container_format"),
        checksum=document.get("checksum"),
        os_hash_algo=document.get("os_hash_algo"),
        os_hash_value=document.get("os_hash_value"),
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        tags_json=orjson.dumps(document.get("tags") or []).decode(),
        properties_json=orjson.dumps(properties).decode(),
    )
