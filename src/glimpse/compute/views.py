"""Views: render images as documents of the Compute API."""

import re
from typing import Any

import orjson

from glimpse.compute.image_status import compute_status
from glimpse.compute.links import LinkBases
from glimpse.compute.metadata import ENCODED_KEYS, json_fragment, render_metadata
from glimpse.images import Image

_TRUE = frozenset(("1", "t", "true", "on", "y", "yes"))
# An image's properties are parsed if they have one of these keys, else copied as JSON text.
_SPECIAL = re.compile('"(?:instance_uuid|auto_disk_config|' + "|".join(ENCODED_KEYS) + ')"')
_ENCODED = re.compile('"(?:' + "|".join(ENCODED_KEYS) + ')"')


def basic_view(image: Image, link_bases: LinkBases) -> dict[str, Any]:
    """Return the document of an image in ``GET /images``: id, name and links.

    Only orjson can serialize the document, because the links are an orjson.Fragment.
    """
    return {"id": image.id, "name": image.name, "links": link_bases.image_links(image.id)}


def detail_view(image: Image, link_bases: LinkBases, *, show_size: bool) -> dict[str, Any]:
    """Return the full document of an image. Only orjson can serialize the document.

    With `show_size`, the document has the size in bytes, or 0 if the size is not known. No property
    of an image makes this function fail: a value with an unexpected format is shown as text.
    """
    status, progress = compute_status(image.status)
    document: dict[str, Any] = {
        "id": image.id,
        "name": image.name,
        "minRam": image.min_ram,
        "minDisk": image.min_disk,
        "metadata": orjson.Fragment(image.properties_json),
        "created": image.created_at,
        "updated": image.updated_at,
        "status": status,
        "progress": progress,
        "links": link_bases.image_links(image.id),
    }
    if show_size:
        document["OS-EXT-IMG-SIZE:size"] = image.size or 0
    if _SPECIAL.search(image.properties_json):
        _add_special(document, image, link_bases)
    return document


def _add_special(document: dict[str, Any], image: Image, link_bases: LinkBases) -> None:
    """Add to `document` what the Compute API derives from special properties of an image.

    In the metadata, ``mappings`` and ``block_device_mapping`` become JSON values, if their text is
    JSON. From ``instance_uuid``, the document gets ``server``. From ``auto_disk_config``, the
    document gets ``OS-DCF:diskConfig``: AUTO for a true value such as ``yes``, otherwise MANUAL.
    Both properties stay in the metadata. A property that the image does not have, or whose value is
    None, adds nothing.
    """
    properties = image.properties
    if _ENCODED.search(image.properties_json):
        document["metadata"] = render_metadata(properties, json_fragment)
    server_id = properties.get("instance_uuid")
    if server_id is not None:
        document["server"] = {"id": server_id, "links": link_bases.server_links(server_id)}
    disk_config = properties.get("auto_disk_config")
    if disk_config is not None:
        is_automatic = disk_config.strip().lower() in _TRUE
        document["OS-DCF:diskConfig"] = "AUTO" if is_automatic else "MANUAL"
