"""Generate Identity API scenarios: valid and nearly valid requests, by several callers.

Texts are lower case, as in `image_generator`. Few logins fail, because the embedded service delays
them.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.differential.api_request import ApiRequest, identity_call
from tests.differential.base_images import ADMINS, CREW, OTHERS
from tests.differential.credential_cases import BASE, SAVED, by_credential
from tests.differential.identity_requests import (
    DOMAIN,
    KINDS,
    login_and_save,
    password,
    token,
)
from tests.fuzz.random_source import RandomSource

_CALLERS = {"admin": 10, "owner": 3, "reader": 1, "other": 1, "none": 0.7, "unscoped:owner": 0.7}
_PROJECTS = (CREW, OTHERS, ADMINS, "x")
_USERS = ("<user:owner>", "<user:reader>", "<user:other>", "<user:admin>", "x")
_ROLES = ("<role:member>", "<role:reader>", "<role:admin>", "x")


def _caller(rng: RandomSource) -> str:
    return rng.weighted(_CALLERS)


def _scope(rng: RandomSource) -> Any:
    project = rng.pick(("crew", "others", "x"))
    return rng.pick(
        (
            {"project": {"id": rng.pick(_PROJECTS)}},
            {"project": {"name": project, "domain": DOMAIN}},
            {"project": {"name": project}},
            *({"domain": DOMAIN}, {"system": {"all": True}}, "unscoped", {"project": {}}),
            {"project": {"id": CREW}, "domain": DOMAIN},
        )
    )


def login_with_a_scope(rng: RandomSource) -> list[ApiRequest]:
    """Log in by password or token, with a scope, and look at the token."""
    user = rng.pick(("owner", "other", "admin"))
    identity = token(user) if rng.chance(0.8) else password(name=user)
    fresh = {"X-Subject-Token": "<fresh>"}
    path = f"/auth/{rng.pick(('projects', 'domains', 'system'))}"
    return [
        login_and_save(identity, _scope(rng) if rng.chance(0.85) else ...),
        identity_call(rng.pick(("GET", "HEAD")), "/auth/tokens", None, _caller(rng), fresh),
        identity_call("GET", path, None, user),
    ]


_QUERIES: dict[str, tuple[str, ...]] = {
    "name": ("owner", "crew", "member", "x", ""),
    "enabled": ("true", "false", "0", "x"),
    "domain_id": ("default", "x"),
    "name__contains": ("own", "x"),
    "type": ("image", "x"),
    "interface": ("public", "x"),
    "limit": ("100",),
    "x": ("y",),
}


def list_of_resources(rng: RandomSource) -> list[ApiRequest]:
    """List resources with several parameters."""
    pairs = [(name, rng.pick(_QUERIES[name])) for name in rng.some([*_QUERIES], 2)]
    path = rng.pick(
        (
            *(f"/{kind}" for kind in KINDS),
            *(f"/users/{rng.pick(_USERS)}/{rest}" for rest in ("projects", "access_rules")),
            f"/users/{rng.pick(_USERS)}/application_credentials",
            f"/role_assignments?user.id={rng.pick(_USERS)}",
            f"/projects/{rng.pick(_PROJECTS)}",
        )
    )
    separator = "&" if "?" in path else "?"
    target = f"{path}{separator}{urlencode(pairs)}" if pairs else path
    return [identity_call("GET", target, None, _caller(rng))]


_MEMBERS: dict[str, tuple[Any, ...]] = {
    "description": ("d", "", None, 1, "x" * 300),
    "enabled": (True, False, "x", None, 1),
    "domain_id": ("default", "x", None, 1),
    "parent_id": (CREW, "x", None),
    "default_project_id": (CREW, "x", None),
    "password": ("p", "", 1),
    "email": ("a@b.example", 1),
    "tags": (["a"], ["a,b"], "a"),
    "options": ({}, {"x": 1}, "x"),
    "extra": ("e", 1, None, {"a": []}),
    "type": ("image2", "", 1),
    "id": ("x", 1),
}


def life_of_a_resource(rng: RandomSource) -> list[ApiRequest]:
    """Create a resource, change it in several ways, and delete it."""
    kind = rng.weighted({"project": 3, "user": 3, "role": 2, "service": 0.5, "domain": 0.5})
    name = f"g{rng.hexadecimal(12)}"
    document: dict[str, Any] = {"name": name if rng.chance(0.9) else rng.pick(("", 1, "x" * 300))}
    document |= {"type": "t"} if kind == "service" else {}
    document |= _some_members(rng)
    path = f"/{kind}s/<made>"
    user = "admin" if rng.chance(0.9) else _caller(rng)
    changes = [
        identity_call("PATCH", path, {kind: _some_members(rng)}, user)
        for _ in range(rng.randint(0, 3))
    ]
    return [
        identity_call("POST", f"/{kind}s", {kind: document}, saves={"made": f"{kind}.id"}),
        *changes,
        identity_call("GET", path, None, _caller(rng)),
        identity_call("PATCH", path, {kind: {"enabled": False}}),
        identity_call("DELETE", path),
    ]


def _some_members(rng: RandomSource) -> dict[str, Any]:
    return {key: rng.pick(_MEMBERS[key]) for key in rng.some([*_MEMBERS], 2)}


def assignments(rng: RandomSource) -> list[ApiRequest]:
    """Assign roles to a new user, list them, and delete the user."""
    name = f"a{rng.hexadecimal(12)}"
    made = {"user": {"name": name, "password": "p"}}
    steps = []
    for _ in range(rng.randint(2, 6)):
        place = rng.pick((f"/projects/{rng.pick(_PROJECTS)}", "/domains/default", "/system"))
        user = "<made>" if rng.chance(0.9) else "x"
        one = f"{place}/users/{user}/roles/{rng.pick(_ROLES)}"
        method = rng.pick(("PUT", "PUT", "HEAD", "GET", "DELETE"))
        steps.append(identity_call(method, one, None, "admin" if rng.chance(0.9) else _caller(rng)))
    return [
        identity_call("POST", "/users", made, saves={"made": "user.id"}),
        *steps,
        identity_call("GET", "/role_assignments?user.id=<made>&include_names"),
        identity_call("GET", "/users/<made>/projects"),
        identity_call("DELETE", "/users/<made>"),
        identity_call("GET", "/role_assignments?user.id=<made>"),
    ]


def application_credential(rng: RandomSource) -> list[ApiRequest]:
    """Create an application credential, and use it."""
    wanted: dict[str, Any] = {"name": f"c{rng.hexadecimal(12)}"}
    if rng.chance(0.4):
        wanted["roles"] = rng.pick(([{"name": "reader"}], [{"name": "admin"}], [], [{"id": "x"}]))
    if rng.chance(0.3):
        wanted["access_rules"] = rng.pick(
            (
                [{"path": "/v2.1/servers", "method": "GET", "service": "compute"}],
                [],
                [{"path": "x"}],
            )
        )
    if rng.chance(0.3):
        wanted["unrestricted"] = rng.pick((True, False, "x"))
    return [
        identity_call("POST", BASE, {"application_credential": wanted}, "owner", saves=SAVED),
        identity_call("GET", f"{BASE}/<made>", None, _caller(rng)),
        by_credential("<secret>"),
        identity_call("DELETE", f"{BASE}/<made>", None, "owner"),
        by_credential("<secret>"),
    ]


IDENTITY_SCENARIOS: dict[Callable[[RandomSource], list[ApiRequest]], float] = {
    login_with_a_scope: 2,
    list_of_resources: 6,
    life_of_a_resource: 2,
    assignments: 1,
    application_credential: 0.5,
}
