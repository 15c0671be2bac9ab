"""Links: make the links in documents of the Compute API, with the operator's prefixes."""

import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import orjson

from glimpse.caching.short_arguments import cache_if_short

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
    """Return the links for the response to a request; cached if the arguments are short.

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
