"""Renders the service catalog, and its services, endpoints and regions."""

from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from glimpse.http.service_urls import ServiceUrls
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Endpoint, Region, Service
from glimpse.identity.embedded.endpoint_urls import expand_url
from glimpse.identity.embedded.services import OwnCatalogIds

# Type and name of each service in this process, and the path of its version. A real Glance has no
# version in its URL, and Tempest adds the version only to a URL without a path. Here the URL of the
# image service may have the path /image, so the URL needs a version.
_SERVICES = (
    ("compute", "nova", "/v2.1"),
    ("image", "glance", "/v2"),
    ("identity", "keystone", "/v3"),
)
_INTERFACES = ("public", "internal", "admin")


def render_own_catalog(urls: ServiceUrls, region: str) -> list[dict[str, Any]]:
    """Render the catalog of this process: its Compute, Image and Identity APIs.

    Each API has a public, an internal and an admin endpoint in `region`. All three have the same
    URL: that of the API in `urls`, with the version added, such as ``/v2.1``.
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
                for interface in _INTERFACES
            ],
        }
        for kind, name, path in _SERVICES
    ]


def own_catalog_ids(region: str) -> OwnCatalogIds:
    """Return the ids of the region, services and endpoints of this process."""
    kinds = [kind for kind, _, _ in _SERVICES]
    endpoints = (f"{kind}:{interface}" for kind in kinds for interface in _INTERFACES)
    return OwnCatalogIds(
        region, frozenset(map(_stable_id, kinds)), frozenset(map(_stable_id, endpoints))
    )


def extend_catalog(
    own: list[dict[str, Any]], directory: Directory, user_id: str, project_id: str | None
) -> list[dict[str, Any]]:
    """Return a new catalog: `own`, and the enabled services and endpoints of `directory`.

    `own` is a result of `render_own_catalog`, and is not changed. The services of `own` come first,
    followed by those of `directory`. Each service has all its endpoints: a service of `own` may
    also have endpoints in `directory`. A service without endpoints has an empty list.

    `user_id` and `project_id`, the ids of the token, replace substitutions in the URLs of
    endpoints, such as ``$(project_id)s``. An endpoint is left out if its service is disabled or
    unknown, or if its URL is invalid or needs a project while `project_id` is None.
    """
    added: dict[str, list[dict[str, Any]]] = {}
    for each in directory.endpoints.values():
        url = expand_url(each.url, user_id, project_id)
        if each.enabled and url is not None:
            added.setdefault(each.service_id, []).append(_render_catalog_endpoint(each, url))
    services = [service for service in directory.services.values() if service.enabled]
    return [
        {**service, "endpoints": [*service["endpoints"], *added.get(service["id"], ())]}
        for service in own
    ] + [
        {
            "id": service.id,
            "type": service.type,
            "name": service.name or "",
            "endpoints": added.get(service.id, []),
        }
        for service in services
    ]


def _render_catalog_endpoint(endpoint: Endpoint, url: str) -> dict[str, Any]:
    return {
        **endpoint.extra,
        "id": endpoint.id,
        "interface": endpoint.interface,
        "region": endpoint.region_id,
        "region_id": endpoint.region_id,
        "url": url,
    }


def render_region(region: Region, base_url: str) -> dict[str, Any]:
    """Render a region as an entry of the list in ``/v3/regions``."""
    return {
        **region.extra,
        "id": region.id,
        "description": region.description,
        "parent_region_id": region.parent_region_id,
        "links": {"self": f"{base_url}/v3/regions/{quote(region.id, safe='')}"},
    }


def render_service(service: Service, base_url: str) -> dict[str, Any]:
    """Render a service that an admin added, as an entry of the list in ``/v3/services``.

    The document has no endpoints. The name is empty if it was never set.
    """
    return {
        **service.extra,
        "id": service.id,
        "type": service.type,
        "name": service.name or "",
        "enabled": service.enabled,
        "links": {"self": f"{base_url}/v3/services/{service.id}"},
    }


def render_endpoint(endpoint: Endpoint, base_url: str) -> dict[str, Any]:
    """Render an endpoint that an admin added, as an entry of the list in ``/v3/endpoints``.

    Substitutions in the URL, such as ``$(project_id)s``, are rendered as they are.
    """
    return {
        **_render_catalog_endpoint(endpoint, endpoint.url),
        "service_id": endpoint.service_id,
        "enabled": endpoint.enabled,
        "links": {"self": f"{base_url}/v3/endpoints/{endpoint.id}"},
    }


def render_own_services(base_url: str) -> list[dict[str, Any]]:
    """Render the services of this process as entries of the list in ``/v3/services``.

    The entries have no endpoints.
    """
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


def render_own_endpoints(
    base_url: str, urls: ServiceUrls, region_name: str
) -> list[dict[str, Any]]:
    """Render the endpoints of this process as entries of the list in ``/v3/endpoints``.

    `urls` has the URLs of the services, and `region_name` is their region.
    """
    return [
        {
            **endpoint,
            "service_id": service["id"],
            "enabled": True,
            "links": {"self": f"{base_url}/v3/endpoints/{endpoint['id']}"},
        }
        for service in render_own_catalog(urls, region_name)
        for endpoint in service["endpoints"]
    ]


def _stable_id(name: str) -> str:
    """Return the id of a service or endpoint: a hash of `name`, the same in each process."""
    return uuid5(NAMESPACE_URL, f"glimpse:service:{name}").hex
