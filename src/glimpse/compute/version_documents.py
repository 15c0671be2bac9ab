"""Render the version documents of the Compute API, for version discovery."""

from typing import Any, NamedTuple
from urllib.parse import quote

from glimpse.compute.microversions import LEGACY_ROOT, MINIMUM


class _Version(NamedTuple):
    """What documents say about a version; `parameter` belongs to its media type."""

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

    The document names `advertised` as the highest microversion. Requests may use higher ones, but
    some clients use the highest that is named, and microversions above 2.38 have no operations on
    images (docs/differences.md).
    """
    return {
        "versions": [
            _summary(root, advertised) | {"links": [_self_link(root, base_url)]}
            for root in _VERSIONS
        ]
    }


def version_document(base_url: str, root: str, advertised: str) -> dict[str, Any]:
    """Return the document of ``GET /v2.1`` or ``GET /v2``: one version.

    `root` is its path, one of VERSION_ROOTS. `advertised` is the highest microversion that it
    names, as in `versions_document`; a version without microversions names none.
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

    It has a link to the same path below each root: ``/v2/images`` and ``/v2.1/images`` for
    ``/images``. Slashes at the end of `path` are removed.
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
