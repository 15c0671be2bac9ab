"""Renders the service catalog: its services, their endpoints, and the region."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from glimpse.http.service_urls import ServiceUrls

# Type and name of each service in this process, and the path of its version. The image endpoint has
# one, since Tempest adds it only to a URL without a path.
_SERVICES = (
    ("compute", "nova", "/v2.1"),
    ("image", "glance", "/v2"),
    ("identity", "keystone", "/v3"),
)


def render_catalog(urls: ServiceUrls, region: str) -> list[dict[str, Any]]:
    """Render the service catalog: Compute, Image and Identity API of this process, at `urls`.

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
                    "url": getattr(urls, kind) + path,
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
        "links": {"self": f"{base_url}/v3/regions/{region_id}"},
    }


def render_services(base_url: str) -> list[dict[str, Any]]:
    """Render the services of the catalog, without their endpoints, as in ``/v3/services``."""
    return [
        {
            "id": _stable_id(kind),
            "type": kind,
            "name": name,
            "enabled": True,
            "links": {"self": f"{base_url}/v3/services/{_stable_id(kind)}"},
        }
        for kind, name, _ in _SERVICES
    ]


def render_endpoints(base_url: str, urls: ServiceUrls, region_name: str) -> list[dict[str, Any]]:
    """Render the endpoints of all services of the catalog, as in ``/v3/endpoints``.

    The services are at `urls`; the links to the endpoints begin with `base_url`.
    """
    return [
        {
            **endpoint,
            "service_id": service["id"],
            "enabled": True,
            "links": {"self": f"{base_url}/v3/endpoints/{endpoint['id']}"},
        }
        for service in render_catalog(urls, region_name)
        for endpoint in service["endpoints"]
    ]


def _stable_id(name: str) -> str:
    """Return the id of a service or endpoint: a hash of its name, the same in each process."""
    return uuid5(NAMESPACE_URL, f"glimpse:service:{name}").hex
