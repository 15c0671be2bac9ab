"""Renders the version of the Identity API, for version discovery."""

from typing import Any


def render_version(base_url: str) -> dict[str, Any]:
    """Render the only version of the Identity API, v3.14, for version discovery."""
    media_type = "application/vnd.openstack.identity-v3+json"
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base_url}/v3/"}],
        "media-types": [{"base": "application/json", "type": media_type}],
    }
