"""Renders the JSON documents of the Identity API: pure functions.

`base_url` is the URL at which the client reached this process, without a slash at its end. Links
and endpoints begin with it.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from glimpse.identity.embedded.directory import (
    DOMAIN_ID,
    DOMAIN_NAME,
    ApplicationCredential,
    Project,
    User,
    role_id,
)
from glimpse.identity.embedded.session import Session

_DOMAIN = {"id": DOMAIN_ID, "name": DOMAIN_NAME}
# Type, name and path of each service in this process. The path of the image endpoint has its
# version, since Tempest adds one only to a URL without a path.
_SERVICES = (
    ("compute", "nova", "/v2.1"),
    ("image", "glance", "/image/v2"),
    ("identity", "keystone", "/identity/v3"),
)


def format_time(seconds: float) -> str:
    """Return a POSIX time in UTC, such as ``2026-01-31T23:59:59.000000Z``.

    Raises ValueError or OverflowError for a time outside the years 1 to 9999.
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def render_fault(status: int, message: str) -> dict[str, Any]:
    """Render the body of an error: ``{"error": {"code": ..., "message": ..., "title": ...}}``.

    The title is the phrase of `status`, such as ``Not Found``. Raises ValueError for an unknown
    `status`.
    """
    title = HTTPStatus(status).phrase
    return {"error": {"code": status, "message": message, "title": title}}


def render_version(base_url: str) -> dict[str, Any]:
    """Render the only version of the Identity API, v3.14, for version discovery."""
    media_type = "application/vnd.openstack.identity-v3+json"
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base_url}/identity/v3/"}],
        "media-types": [{"base": "application/json", "type": media_type}],
    }


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


def render_token(session: Session, services: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Render ``{"token": {...}}``, the document of a session's token.

    If the token has a project, the document has the project, the roles, and `services` (a result of
    `render_catalog`) as its catalog, unless that is None. It has the application credential with
    which the token was obtained, if any. The token's text is not in it.
    """
    issued = session.token
    document: dict[str, Any] = {
        "methods": list(issued.methods),
        "user": {
            "domain": _DOMAIN,
            "id": session.user.id,
            "name": session.user.name,
            "password_expires_at": None,
        },
        "audit_ids": list(issued.audit_ids),
        "expires_at": format_time(issued.expires_at),
        "issued_at": format_time(issued.issued_at),
    }
    if session.project is not None:
        document["project"] = {
            "domain": _DOMAIN,
            "id": session.project.id,
            "name": session.project.name,
        }
        document["is_domain"] = False
        document["roles"] = render_roles(session.roles)
        if services is not None:
            document["catalog"] = services
    if session.credential is not None:
        document["application_credential"] = {
            "id": session.credential.id,
            "name": session.credential.name,
            "restricted": not session.credential.unrestricted,
        }
    return {"token": document}


def render_roles(names: tuple[str, ...]) -> list[dict[str, str]]:
    """Render the roles with these names, as a token or an application credential lists them."""
    return [{"id": role_id(name), "name": name} for name in names]


def render_project(project: Project, base_url: str) -> dict[str, Any]:
    """Render a project, also a disabled one, as in ``/v3/auth/projects`` and ``/v3/projects``."""
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": DOMAIN_ID,
        "parent_id": DOMAIN_ID,
        "description": "",
        "enabled": project.enabled,
        "is_domain": False,
        "options": {},
        "tags": [],
        "links": {"self": f"{base_url}/identity/v3/projects/{project.id}"},
    }


def render_user(user: User, base_url: str) -> dict[str, Any]:
    """Render a user as in ``/v3/users``, without password and hash."""
    return {
        "id": user.id,
        "name": user.name,
        "domain_id": DOMAIN_ID,
        "enabled": user.enabled,
        "password_expires_at": None,
        "options": {},
        "links": {"self": f"{base_url}/identity/v3/users/{user.id}"},
    }


def render_domain(base_url: str) -> dict[str, Any]:
    """Render the only domain, Default, as in ``/v3/domains``."""
    return {
        **_DOMAIN,
        "description": "",
        "enabled": True,
        "tags": [],
        "options": {},
        "links": {"self": f"{base_url}/identity/v3/domains/{DOMAIN_ID}"},
    }


def render_role(name: str, base_url: str) -> dict[str, Any]:
    """Render a role as an entry of the list in ``/v3/roles``."""
    return {
        "id": role_id(name),
        "name": name,
        "domain_id": None,
        "description": None,
        "options": {"immutable": True},
        "links": {"self": f"{base_url}/identity/v3/roles/{role_id(name)}"},
    }


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


def render_collection(name: str, entries: list[dict[str, Any]], url: str) -> dict[str, Any]:
    """Render a list in a single page: ``{name: entries, "links": ...}``.

    `url` is the URL of the list.
    """
    return {name: entries, "links": {"self": url, "next": None, "previous": None}}


def render_application_credential(
    credential: ApplicationCredential, base_url: str
) -> dict[str, Any]:
    """Render an application credential, without its secret.

    Its ``expires_at`` has no ``Z`` at the end, unlike that of a token (as in Keystone).
    """
    path = f"/identity/v3/users/{credential.user_id}/application_credentials/{credential.id}"
    expires = (
        None
        if credential.expires_at is None
        else format_time(credential.expires_at).removesuffix("Z")
    )
    return {
        "id": credential.id,
        "name": credential.name,
        "description": credential.description,
        "user_id": credential.user_id,
        "project_id": credential.project_id,
        "roles": [{**role, "domain_id": None} for role in render_roles(credential.roles)],
        "expires_at": expires,
        "unrestricted": credential.unrestricted,
        "system": None,
        "links": {"self": base_url + path},
    }


def _stable_id(name: str) -> str:
    """Return the id of a service or endpoint: a hash of its name, the same in each process."""
    return uuid5(NAMESPACE_URL, f"glimpse:service:{name}").hex
