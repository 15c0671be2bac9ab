"""Render images, and pages of lists, as JSON documents of the Image API. Pure."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence

import orjson

from glimpse.embedded.image_locations import STORE_ID
from glimpse.image_api.list_links import list_link, parameters_of_pages
from glimpse.images import Image, Page

_PATH = "/v2/images"
# The attribute ``stores``, which only active images have. Glance shows it for deactivated images,
# too, but to admins only.
_STORES = {"stores": STORE_ID}
_NO_STORES: dict[str, str] = {}


def image_document(image: Image) -> bytes:
    """Return the JSON document of ``GET /v2/images/{id}``.

    The document has attributes and properties side by side. Only an active image has the attribute
    ``stores``. A property that is null becomes "", because this API allows only text.
    """
    path = f"/v2/images/{image.id}"
    attributes = orjson.dumps(
        {
            "id": image.id,
            "name": image.name,
            "status": image.status,
            "visibility": image.visibility,
            "protected": bool(image.protected),  # an integer, if read from SQLite
            "os_hidden": bool(image.os_hidden),
            "owner": image.owner,
            "size": image.size,
            "virtual_size": image.virtual_size,
            "min_ram": image.min_ram,
            "min_disk": image.min_disk,
            "disk_format": image.disk_format,
            "container_format": image.container_format,
            "checksum": image.checksum,
            "os_hash_algo": image.os_hash_algo,
            "os_hash_value": image.os_hash_value,
            "created_at": image.created_at,
            "updated_at": image.updated_at,
            "tags": orjson.Fragment(image.tags_json),
            "self": path,
            "file": f"{path}/file",
            "schema": "/v2/schemas/image",
            **(_STORES if image.status == "active" else _NO_STORES),
        }
    )
    properties = _properties(image).strip()
    if properties == b"{}":
        return attributes
    return attributes[:-1] + b"," + properties[1:]


async def page_document(
    pages: AsyncIterable[Page], query: Sequence[tuple[str, str]]
) -> AsyncIterator[bytes]:
    """Yield the JSON document of ``GET /v2/images`` in pieces, which must be joined.

    Each page with images is one piece. The beginning and the end of the document are pieces, too.
    `query` has the request's parameters. Raises what `pages` raises.

    The document has the link ``first``, with the parameters that `parameters_of_pages` returns: all
    but ``marker``, for example. If the last page has ``has_more`` set and the document has images,
    there is also a link ``next``. It has the same parameters, and the id of the last image as
    ``marker``. The links start with ``/v2``, because clients append them to the endpoint without
    its version.
    """
    others = parameters_of_pages(query)
    document = {"first": list_link(_PATH, others), "schema": "/v2/schemas/images"}
    last = None
    yield b'{"images":['
    async for page in pages:
        separator = b"," if last else b""
        if page.images:
            last = page.images[-1].id
        if page.has_more and last:
            document["next"] = list_link(_PATH, [*others, ("marker", last)])
        if page.images:
            piece = [separator + b",".join(map(image_document, page.images))]
            del page  # a slow client may take long to receive the piece
            yield piece.pop()
    yield b"]," + orjson.dumps(document)[1:]


def _properties(image: Image) -> bytes:
    """Return an image's properties as JSON. Null becomes "", since this API allows only text."""
    text = image.properties_json
    if "null" not in text:
        return text.encode()
    return orjson.dumps({key: value or "" for key, value in image.properties.items()})
