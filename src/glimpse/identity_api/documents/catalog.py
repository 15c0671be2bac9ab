"""Renders the service catalog: its services, their endpoints, and the region."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

# Type, name and path of each service in this process. The path of the image endpoint has its
# version, since Tempest adds one only to a URL without a path.
_SERVICES = (
    ("compute", "nova", "/v2.1"),
    ("image", "glance", "/image/v2"),
    ("identity", "keystone", "/identity/v3"),
)


def render_catalog(base_url: str, region: str) -> list[dict[str, Any]]:
    """Render the service catalog: Compute, Image and Identity API of this process.

    Each has a public, an internal and an admin endpoint with the same URL, in `region`.
    """
    return [
        {
            "id": _stable_id(kind),
            "type": kind,
            "name": name,
            "endpoints": [
                {
                    "id": _stable_id(f"{kind}:{interface}"),
                    "interface": interface,
                    "region": region,
                    "region_id": region,
                    "url": base_url + path,
                }
                for interface in ("public", "internal", "admin")
            ],
        }
        for kind, name, path in _SERVICES
    ]


def render_region(region_id: str, base_url: str) -> dict[str, Any]:
    """Render the only region as in ``/v3/regions``."""
    return {
        "id": region_id,
        "description": "",
        "parent_region_id": None,
        "links": {"self": f"{base_url}/identity/v3/regions/{region_id}"},
    }


def render_services(base_url: str, region_name: str) -> list[dict[str, Any]]:
    """Render the services of the catalog, without their endpoints, as in ``/v3/services``."""
    return [
        {
            **{key: service[key] for key in ("id", "type", "name")},
            "enabled": True,
            "links": {"self": f"{base_url}/identity/v3/services/{service['id']}"},
        }
        for service in render_catalog(base_url, region_name)
    ]


def render_endpoints(base_url: str, region_name: str) -> list[dict[str, Any]]:
    """Render the endpoints of all services of the catalog, as in ``/v3/endpoints``."""
    return [
        {
            **endpoint,
            "service_id": service["id"],
            "enabled": True,
            "links": {"self": f"{base_url}/identity/v3/endpoints/{endpoint['id']}"},
        }
        for service in render_catalog(base_url, region_name)
        for endpoint in service["endpoints"]
    ]


def _stable_id(name: str) -> str:
    """Return the id of a service or endpoint: a hash of its name, the same in each process."""
    return uuid5(NAMESPACE_URL, f"glimpse:service:{name}").hex
