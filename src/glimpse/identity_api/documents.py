"""What the Identity API prints: discovery, tokens, the catalog, faults. Pure functions."""

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
# Type, name, and path of each service in this process. The image endpoint ends in its version:
# Tempest appends one only to a bare host.
_SERVICES = (
    ("compute", "nova", "/v2.1"),
    ("image", "glance", "/image/v2"),
    ("identity", "keystone", "/identity/v3"),
)


def moment(seconds: float) -> str:
    """Print a time (seconds since 1970) as the Identity API does, with microseconds."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def fault(status: int, message: str) -> dict[str, Any]:
    """The body of an error."""
    title = HTTPStatus(status).phrase
    return {"error": {"code": status, "message": message, "title": title}}


def version(base_url: str) -> dict[str, Any]:
    """The one version, reached at `base_url` (no slash at its end)."""
    media_type = "application/vnd.openstack.identity-v3+json"
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base_url}/identity/v3/"}],
        "media-types": [{"base": "application/json", "type": media_type}],
    }


def catalog(base_url: str, region: str) -> list[dict[str, Any]]:
    """The service catalog: this process's own APIs as the client reached them."""
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


def token(session: Session, services: list[dict[str, Any]] | None) -> dict[str, Any]:
    """The document of a token, with `services` as its catalog if it is scoped."""
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
        "expires_at": moment(issued.expires_at),
        "issued_at": moment(issued.issued_at),
    }
    if session.project is not None:
        document["project"] = {
            "domain": _DOMAIN,
            "id": session.project.id,
            "name": session.project.name,
        }
        document["is_domain"] = False
        document["roles"] = roles(session.roles)
        if services is not None:
            document["catalog"] = services
    if session.credential is not None:
        document["application_credential"] = {
            "id": session.credential.id,
            "name": session.credential.name,
            "restricted": not session.credential.unrestricted,
        }
    return {"token": document}


def roles(names: tuple[str, ...]) -> list[dict[str, str]]:
    """Roles with their ids."""
    return [{"id": role_id(name), "name": name} for name in names]


def project(known: Project, base_url: str) -> dict[str, Any]:
    """A project as ``/v3/auth/projects`` lists it."""
    return {
        "id": known.id,
        "name": known.name,
        "domain_id": DOMAIN_ID,
        "parent_id": DOMAIN_ID,
        "description": "",
        "enabled": known.enabled,
        "is_domain": False,
        "options": {},
        "tags": [],
        "links": {"self": f"{base_url}/identity/v3/projects/{known.id}"},
    }


def user(known: User, base_url: str) -> dict[str, Any]:
    """A user as ``/v3/users`` lists it: nothing of how it proves who it is."""
    return {
        "id": known.id,
        "name": known.name,
        "domain_id": DOMAIN_ID,
        "enabled": known.enabled,
        "password_expires_at": None,
        "options": {},
        "links": {"self": f"{base_url}/identity/v3/users/{known.id}"},
    }


def domain(base_url: str) -> dict[str, Any]:
    """The one domain."""
    return {
        **_DOMAIN,
        "description": "",
        "enabled": True,
        "tags": [],
        "options": {},
        "links": {"self": f"{base_url}/identity/v3/domains/{DOMAIN_ID}"},
    }


def role(name: str, base_url: str) -> dict[str, Any]:
    """A role as ``/v3/roles`` lists it."""
    return {
        "id": role_id(name),
        "name": name,
        "domain_id": None,
        "description": None,
        "options": {"immutable": True},
        "links": {"self": f"{base_url}/identity/v3/roles/{role_id(name)}"},
    }


def region(region_id: str, base_url: str) -> dict[str, Any]:
    """The one region."""
    return {
        "id": region_id,
        "description": "",
        "parent_region_id": None,
        "links": {"self": f"{base_url}/identity/v3/regions/{region_id}"},
    }


def services(base_url: str, region_name: str) -> list[dict[str, Any]]:
    """The catalog's services without their endpoints."""
    return [
        {
            **{key: service[key] for key in ("id", "type", "name")},
            "enabled": True,
            "links": {"self": f"{base_url}/identity/v3/services/{service['id']}"},
        }
        for service in catalog(base_url, region_name)
    ]


def endpoints(base_url: str, region_name: str) -> list[dict[str, Any]]:
    """The catalog's endpoints, each by itself."""
    return [
        {
            **endpoint,
            "service_id": service["id"],
            "enabled": True,
            "links": {"self": f"{base_url}/identity/v3/endpoints/{endpoint['id']}"},
        }
        for service in catalog(base_url, region_name)
        for endpoint in service["endpoints"]
    ]


def collection(name: str, entries: list[dict[str, Any]], url: str) -> dict[str, Any]:
    """A whole list, as every one here is."""
    return {name: entries, "links": {"self": url, "next": None, "previous": None}}


def application_credential(known: ApplicationCredential, base_url: str) -> dict[str, Any]:
    """An application credential without its secret.

    Its expiry, unlike a token's, is printed without a zone: that is how Keystone says UTC here.
    """
    path = f"/identity/v3/users/{known.user_id}/application_credentials/{known.id}"
    expires = None if known.expires_at is None else moment(known.expires_at).removesuffix("Z")
    return {
        "id": known.id,
        "name": known.name,
        "description": known.description,
        "user_id": known.user_id,
        "project_id": known.project_id,
        "roles": [{**role, "domain_id": None} for role in roles(known.roles)],
        "expires_at": expires,
        "unrestricted": known.unrestricted,
        "system": None,
        "links": {"self": base_url + path},
    }


def _stable_id(name: str) -> str:
    return uuid5(NAMESPACE_URL, f"glimpse:service:{name}").hex
