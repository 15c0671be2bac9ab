"""Views: render images as documents of the Compute API, and make the links in them."""

import re
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import orjson

from glimpse.caching.short_arguments import cache_if_short
from glimpse.compute.image_status import compute_status
from glimpse.compute.metadata import ENCODED_KEYS, json_fragment, render_metadata
from glimpse.images import Image

_TRUE = frozenset(("1", "t", "true", "on", "y", "yes"))
# Properties with one of these keys have to be parsed. All others are copied as JSON text.
_SPECIAL = re.compile('"(?:instance_uuid|auto_disk_config|' + "|".join(ENCODED_KEYS) + ')"')
_ENCODED = re.compile('"(?:' + "|".join(ENCODED_KEYS) + ')"')
_PLAIN_URL = re.compile(r"[!#-\[\]-~]*")  # characters that JSON does not escape


class LinkPrefixes(NamedTuple):
    """URLs that replace scheme and host in links; None keeps those of the link.

    They are the options ``[api] compute_link_prefix`` and ``glance_link_prefix``.
    """

    compute: str | None
    image_service: str | None


class Links(NamedTuple):
    """The URLs with which the links in one response start, without a slash at the end.

    `versioned` has the version and the project id, if the request's path has one
    (``http://host:8774/v2.1``). `bookmark` is the same without the version. `image_service` is the
    Image service's base URL.
    """

    versioned: str
    bookmark: str
    image_service: str

    def image_links(self, image_id: str) -> orjson.Fragment:
        """Return the self, bookmark and alternate links of an image, as JSON.

        `image_id` must not have characters that JSON escapes. The URLs have none, so the text is
        formatted directly; serializing dictionaries of links took half of the time of a page.
        """
        versioned, bookmark, image_service = self
        text = (
            f'[{{"rel":"self","href":"{versioned}/images/{image_id}"}},'
            f'{{"rel":"bookmark","href":"{bookmark}/images/{image_id}"}},'
            '{"rel":"alternate","type":"application/vnd.openstack.image",'
            f'"href":"{image_service}/images/{image_id}"}}]'
        )
        return orjson.Fragment(text)

    def server_links(self, server_id: str) -> list[dict[str, str]]:
        """Return the self and bookmark links of the server that an image is a snapshot of."""
        return [
            {"rel": "self", "href": f"{self.versioned}/servers/{server_id}"},
            {"rel": "bookmark", "href": f"{self.bookmark}/servers/{server_id}"},
        ]


# The Host header, and the project id in the path, may be 64 kB long.
@cache_if_short(longest=1000, entries=64)
def make_links(
    base_url: str, version_root: str, project_id: str, image_service: str, prefixes: LinkPrefixes
) -> Links:
    """Return the links for the response to a request; they are cached if the URLs are short.

    `base_url` is the URL by which the client reached Glimpse, `image_service` the Image service's
    base URL. `project_id` is "" if the request's path has none.
    """
    base = _quoted(with_prefix(base_url, prefixes.compute))
    project = f"/{project_id}" if project_id else ""
    return Links(
        base + version_root + project,
        base + project,
        _quoted(with_prefix(image_service, prefixes.image_service).rstrip("/")),
    )


def _quoted(url: str) -> str:
    """Percent-encode `url` if JSON would have to escape it; a Host header may have any text."""
    return url if _PLAIN_URL.fullmatch(url) else quote(url, safe="/:@[]?&=%")


def with_prefix(url: str, prefix: str | None) -> str:
    """Replace scheme and host of `url` by `prefix`, which may have a path; None keeps them.

    Example: ``http://host/image`` with ``https://example.org/cloud`` becomes
    ``https://example.org/cloud/image``. With a prefix, a query and slashes at the end are dropped.
    """
    if not prefix:
        return url
    return (prefix.rstrip("/") + urlsplit(url).path).rstrip("/")


def basic_view(image: Image, links: Links) -> dict[str, Any]:
    """Return the document of an image in ``GET /images``: its id, name and links.

    Only orjson can serialize it, because the links are a Fragment.
    """
    return {"id": image.id, "name": image.name, "links": links.image_links(image.id)}


def detail_view(image: Image, links: Links, *, show_size: bool) -> dict[str, Any]:
    """Return the full document of an image, which only orjson can serialize.

    With `show_size`, it has the size in bytes, 0 if that is not known. No property of an image
    makes it fail: a value that is not as expected is shown as text.
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
        "links": links.image_links(image.id),
    }
    if show_size:
        document["OS-EXT-IMG-SIZE:size"] = image.size or 0
    if _SPECIAL.search(image.properties_json):
        _add_special(document, image, links)
    return document


def _add_special(document: dict[str, Any], image: Image, links: Links) -> None:
    """Add what the Compute API derives from some properties.

    JSON text of ENCODED_KEYS is decoded, ``instance_uuid`` becomes ``server``, and
    ``auto_disk_config`` becomes ``OS-DCF:diskConfig``.
    """
    properties = image.properties
    if _ENCODED.search(image.properties_json):
        document["metadata"] = render_metadata(properties, json_fragment)
    server_id = properties.get("instance_uuid")
    if server_id is not None:
        document["server"] = {"id": server_id, "links": links.server_links(server_id)}
    disk_config = properties.get("auto_disk_config")
    if disk_config is not None:
        is_automatic = disk_config.strip().lower() in _TRUE
        document["OS-DCF:diskConfig"] = "AUTO" if is_automatic else "MANUAL"
