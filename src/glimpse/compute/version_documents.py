"""Version discovery: the documents at ``/``, ``/v2``, ``/v2.1`` and at paths of no version."""

from typing import Any
from urllib.parse import quote

from glimpse.compute.microversions import MINIMUM

_VERSIONS = {
    "v2.0": ("/v2", "DEPRECATED", "2025-07-04T12:00:00Z", "version=2"),
    "v2.1": ("/v2.1", "CURRENT", "2013-07-23T11:33:21Z", "version=2.1"),
}


def versions_document(base_url: str, advertised: str) -> dict[str, Any]:
    """``GET /``. `advertised` is the highest microversion to tell clients of (repair R7)."""
    return {
        "versions": [
            _summary(name, advertised) | {"links": [_self_link(name, base_url)]}
            for name in _VERSIONS
        ]
    }


def version_document(base_url: str, name: str, advertised: str) -> dict[str, Any]:
    """``GET /v2.1`` (`name` ``v2.1``) or ``GET /v2`` (``v2.0``)."""
    described_by = {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"}
    return {
        "version": _summary(name, advertised)
        | {
            "links": [_self_link(name, base_url), described_by],
            "media-types": [_media_type(name)],
        }
    }


def choices_document(base_url: str, path: str) -> dict[str, Any]:
    """The 300 for a path of no version: the same path below each version."""
    path = quote(path.rstrip("/"), safe="/~!$&'()*+,;=:@")
    return {
        "choices": [
            {
                "id": name,
                "status": status,
                "links": [{"rel": "self", "href": base_url + root + path}],
                "media-types": [_media_type(name)],
            }
            for name, (root, status, _, _) in _VERSIONS.items()
        ]
    }


def _summary(name: str, advertised: str) -> dict[str, Any]:
    _, status, updated, _ = _VERSIONS[name]
    has_microversions = name == "v2.1"
    return {
        "id": name,
        "status": status,
        "version": advertised if has_microversions else "",
        "min_version": str(MINIMUM) if has_microversions else "",
        "updated": updated,
    }


def _self_link(name: str, base_url: str) -> dict[str, str]:
    return {"rel": "self", "href": f"{base_url}{_VERSIONS[name][0]}/"}


def _media_type(name: str) -> dict[str, str]:
    parameter = _VERSIONS[name][3]
    return {
        "base": "application/json",
        "type": f"application/vnd.openstack.compute+json;{parameter}",
    }
