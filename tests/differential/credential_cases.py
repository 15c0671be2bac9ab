"""Hand-written scenarios of the Identity API: application credentials."""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import ApiRequest, Scenario, identity_call, numbered
from tests.differential.base_images import CREW
from tests.differential.identity_requests import login
from tests.differential.resource_bodies import numbered_texts

BASE = "/users/<user:owner>/application_credentials"
SAVED = {"made": "application_credential.id", "secret": "application_credential.secret"}
_RULE = {"path": "/v2.1/servers", "method": "GET", "service": "compute"}
_BODIES: tuple[dict[str, Any], ...] = (
    *({"name": "c<n>"}, {"name": "c<n>", "secret": "s<n>"}, {}, {"name": ""}, {"name": 1}),
    *({"name": None}, {"name": "c<n>", "description": "d"}, {"name": "c<n>", "unrestricted": True}),
    *(
        {"name": "c<n>", "roles": [{"name": "reader"}]},
        {"name": "c<n>", "roles": [{"name": "admin"}]},
    ),
    *({"name": "c<n>", "roles": [{"id": "x"}]}, {"name": "c<n>", "roles": []}),
    *({"name": "c<n>", "roles": "x"}, {"name": "c<n>", "project_id": CREW}),
    *(
        {"name": "c<n>", "expires_at": "2099-01-01T00:00:00.000000"},
        {"name": "c<n>", "expires_at": "x"},
    ),
    *({"name": "c<n>", "expires_at": "2001-01-01T00:00:00.000000"}, {"name": "c<n>", "x": "y"}),
    *({"name": "c<n>", "access_rules": [_RULE]}, {"name": "c<n>", "access_rules": []}),
    *(
        {"name": "c<n>", "access_rules": [{"path": "x"}]},
        {"name": "c<n>", "access_rules": [{"id": "x"}]},
    ),
)


def by_credential(secret: str) -> ApiRequest:
    """Return a login with the application credential ``<made>``."""
    proof = {"id": "<made>", "secret": secret}
    return login({"methods": ["application_credential"], "application_credential": proof})


def credentials() -> Iterator[Scenario]:
    """Yield application credentials that are created, used and deleted."""
    rows: list[list[ApiRequest]] = []
    for number, body in enumerate(_BODIES):
        new = {"application_credential": numbered_texts(body, str(number))}
        rows.append(
            [
                identity_call("POST", BASE, new, "owner", saves=SAVED),
                identity_call("GET", f"{BASE}/<made>", None, "owner"),
                *([by_credential("<secret>"), by_credential("x")] if number == 0 else []),
                identity_call("GET", "/users/<user:owner>/access_rules", None, "owner"),
                identity_call("DELETE", f"{BASE}/<made>", None, "other"),
                identity_call("DELETE", f"{BASE}/<made>", None, "owner"),
                *([by_credential("<secret>")] if number == 0 else []),
                identity_call("GET", f"{BASE}/<made>", None, "owner"),
            ]
        )
    new = {"application_credential": {"name": "refused"}}
    rows += [[identity_call("POST", BASE, new, user)] for user in ("other", "admin", "none")]
    bodies: tuple[Any, ...] = ({}, [], {"application_credential": []})
    rows += [[identity_call("POST", BASE, each, "owner")] for each in bodies]
    rows += [[identity_call("GET", f"{BASE}?name={each}", None, "owner")] for each in ("x", "")]
    yield from numbered("credential", rows)
