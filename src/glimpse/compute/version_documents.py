"""Render the version documents of the Compute API, for version discovery."""

from typing import Any, NamedTuple
from urllib.parse import quote

from glimpse.compute.microversions import LEGACY_ROOT, MINIMUM


class _Version(NamedTuple):
    """A version in version documents.

    `parameter` is the parameter of the version's media type, such as ``version=2.1``.
    """

    id: str
    status: str
    updated: str
    parameter: str


_VERSIONS = {
    LEGACY_ROOT: _Version("v2.0", "DEPRECATED", "2025-07-04T12:00:00Z", "version=2"),
    "/v2.1": _Version("v2.1", "CURRENT", "2013-07-23T11:33:21Z", "version=2.1"),
}
VERSION_ROOTS = frozenset(_VERSIONS)


def versions_document(base_url: str, advertised: str) -> dict[str, Any]:
    """Return the document of ``GET /``: all versions.

    `base_url` is the URL by which the client reached Glimpse. The document names `advertised` as
    the highest microversion. Requests may use higher ones. But some clients always use the highest
    microversion that is named, and above 2.38 there are no operations on images, unless the option
    `serve_removed` is set (docs/differences.md).
    """
    return {
        "versions": [
            _summary(root, advertised) | {"links": [_self_link(root, base_url)]}
            for root in _VERSIONS
        ]
    }


def version_document(base_url: str, root: str, advertised: str) -> dict[str, Any]:
    """Return the document of ``GET /v2.1`` or ``GET /v2``: one version.

    `root` is the version's path, ``/v2.1`` or ``/v2``. `base_url` is the URL by which the client
    reached Glimpse. The document of ``/v2.1`` names `advertised` as the highest microversion. The
    document of ``/v2`` names no microversion.
    """
    described_by = {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"}
    return {
        "version": _summary(root, advertised)
        | {
            "links": [_self_link(root, base_url), described_by],
            "media-types": [_media_type(_VERSIONS[root])],
        }
    }


def choices_document(base_url: str, path: str) -> dict[str, Any]:
    """Return the document of the 300 response to a path that is not below a version root.

    The document links to the same path below each version root. For ``/images``, these are
    ``/v2/images`` and ``/v2.1/images``. `path` is percent-decoded; the paths in the links are
    encoded again, without slashes at the end. `base_url` is the URL by which the client reached
    Glimpse.
    """
    path = quote(path.rstrip("/"), safe="/~!$&'()*+,;=:@")
    return {
        "choices": [
            {
                "id": version.id,
                "status": version.status,
                "links": [{"rel": "self", "href": base_url + root + path}],
                "media-types": [_media_type(version)],
            }
            for root, version in _VERSIONS.items()
        ]
    }


def _summary(root: str, advertised: str) -> dict[str, Any]:
    version = _VERSIONS[root]
    has_microversions = root != LEGACY_ROOT
    return {
        "id": version.id,
        "status": version.status,
        "version": advertised if has_microversions else "",
        "min_version": str(MINIMUM) if has_microversions else "",
        "updated": version.updated,
    }


def _self_link(root: str, base_url: str) -> dict[str, str]:
    return {"rel": "self", "href": f"{base_url}{root}/"}


def _media_type(version: _Version) -> dict[str, str]:
    return {
        "base": "application/json",
        "type": f"application/vnd.openstack.compute+json;{version.parameter}",
    }
