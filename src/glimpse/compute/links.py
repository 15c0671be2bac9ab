"""LinkBases: makes links in documents of the Compute API, with the operator's prefixes."""

import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import orjson

from glimpse.caching.short_arguments import cache_if_short

_PLAIN_URL = re.compile(r"[!#-\[\]-~]*")  # characters that JSON does not escape


class LinkPrefixes(NamedTuple):
    """URLs that replace the scheme and host of links; None keeps the scheme and host.

    `compute` is the option ``[api] compute_link_prefix``, `image_service` is ``[api]
    glance_link_prefix``.
    """

    compute: str | None
    image_service: str | None


class LinkBases(NamedTuple):
    """The URLs with which the links in one response start, without a slash at the end.

    `versioned` has the version (``http://host:8774/v2.1``), followed by the project id if the
    request's path has a project id. `bookmark` is `versioned` without the version. `image_service`
    is the Image service's base URL.
    """

    versioned: str
    bookmark: str
    image_service: str

    def image_links(self, image_id: str) -> orjson.Fragment:
        """Return the self, bookmark and alternate links of an image, as a JSON list.

        `image_id` is not escaped, so `image_id` must not have characters that JSON escapes.
        """
        # Formatted as text: serializing dictionaries of links took half of the time of a page.
        versioned, bookmark, image_service = self
        text = (
            f'[{{"rel":"self","href":"{versioned}/images/{image_id}"}},'
            f'{{"rel":"bookmark","href":"{bookmark}/images/{image_id}"}},'
            '{"rel":"alternate","type":"application/vnd.openstack.image",'
            f'"href":"{image_service}/images/{image_id}"}}]'
        )
        return orjson.Fragment(text)

    def server_links(self, server_id: str) -> list[dict[str, str]]:
        """Return the self and bookmark links of a server."""
        return [
            {"rel": "self", "href": f"{self.versioned}/servers/{server_id}"},
            {"rel": "bookmark", "href": f"{self.bookmark}/servers/{server_id}"},
        ]


# Only short arguments are cached: a Host header, or a project id in a path, may be 64 kB long.
@cache_if_short(longest=1000, entries=64)
def make_link_bases(
    base_url: str, version_root: str, project_id: str, image_service: str, prefixes: LinkPrefixes, /
) -> LinkBases:
    """Return the URLs with which the links in the response to a request start.

    `base_url` is the URL by which the client reached Glimpse. `version_root` is ``/v2.1`` or
    ``/v2``. `project_id` is "" if the request's path has no project id. `image_service` is the
    Image service's base URL. `prefixes` replace the scheme and host of `base_url` and
    `image_service`. `_quoted` then encodes both URLs, so that JSON text need not escape them.
    """
    base = _quoted(with_prefix(base_url, prefixes.compute))
    project = f"/{project_id}" if project_id else ""
    return LinkBases(
        base + version_root + project,
        base + project,
        _quoted(with_prefix(image_service, prefixes.image_service).rstrip("/")),
    )


def _quoted(url: str) -> str:
    """Percent-encode `url` if JSON escapes one of its characters, or if one is not in a URL.

    Such characters are spaces, quotes, backslashes, and all that are not printable ASCII. Without
    them, return `url` unchanged.
    """
    return url if _PLAIN_URL.fullmatch(url) else quote(url, safe="/:@[]?&=%")


def with_prefix(url: str, prefix: str | None) -> str:
    """Replace the scheme and host of `url` by `prefix`, which may have a path.

    Example: ``http://host/image`` with the prefix ``https://example.org/cloud`` becomes
    ``https://example.org/cloud/image``. A query, and slashes at the end, are dropped. If `prefix`
    is None or "", `url` is returned unchanged.
    """
    if not prefix:
        return url
    return (prefix.rstrip("/") + urlsplit(url).path).rstrip("/")
