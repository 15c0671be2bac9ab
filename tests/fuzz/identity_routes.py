"""The operations of the Identity API v3, as rows for the fuzzer."""

import re
from typing import Any

from glimpse.identity_api.unsupported_routes import UNSUPPORTED_ROUTES
from tests.fuzz.cloud_state import CloudState
from tests.fuzz.identity_objects import changed_object, new_object, new_password, tags
from tests.fuzz.json_bodies import odd_json
from tests.fuzz.random_source import RandomSource
from tests.fuzz.routes import Document, Parts, Route
from tests.fuzz.targets import Pairs
from tests.fuzz.values import canary, date, text
from tests.support.cloud import PASSWORD

_DOMAINS: tuple[dict[str, str], ...] = (
    {"id": "default"},
    {"name": "Default"},
    {"id": "x"},
    {"name": "\ud800"},
    {},
)
_ROLES = ("member", "reader", "admin", "service", "x")


def login(rng: RandomSource, state: CloudState, _: Parts) -> Any:
    """Return the body of a login, mostly by token: checking a password takes 50 ms of CPU."""
    methods: dict[str, Any] = {}
    for method in rng.weighted(_METHODS):
        methods[method] = _PROOFS[method](rng, state)
    identity = {"methods": [*methods], **methods}
    auth: dict[str, Any] = {"identity": identity}
    if rng.chance(0.75):
        auth["scope"] = _scope(rng, state)
    return {"auth": auth}


_METHODS: dict[tuple[str, ...], float] = {
    ("token",): 90,
    ("password",): 1.5,
    ("application_credential",): 1,
    ("totp",): 2,
    ("token", "password"): 0.5,
    (): 1,
    ("external",): 1,
}


def _by_password(rng: RandomSource, _: CloudState) -> Any:
    if rng.chance(0.3):
        return {"user": {"name": "owner", "domain": {"id": "default"}, "password": PASSWORD}}
    name = rng.pick((f"nobody-{rng.hexadecimal(6)}", f"attacked-{rng.randint(0, 2)}"))
    return {"user": {"name": name, "domain": rng.pick(_DOMAINS), "password": canary(rng)}}


def _by_token(rng: RandomSource, state: CloudState) -> Any:
    if state.extra_tokens and rng.chance(0.2):
        return {"id": rng.pick(state.extra_tokens)}
    good = state.tokens[rng.pick(("owner", "other", "reader", "unscoped", "credential"))]
    return {"id": rng.pick((good, good, good, canary(rng), ""))}


def _by_credential(rng: RandomSource, state: CloudState) -> Any:
    found = {"secret": canary(rng)}
    if state.credentials and rng.chance(0.5):
        return {**found, "id": rng.pick(state.credentials)}
    return {**found, "name": text(rng), "user": {"name": "owner", "domain": rng.pick(_DOMAINS)}}


_PROOFS: dict[str, Any] = {
    "password": _by_password,
    "token": _by_token,
    "application_credential": _by_credential,
    "totp": lambda rng, _: {"user": {"id": rng.hexadecimal(32), "passcode": canary(rng)}},
    "external": lambda _, __: {},
}


def _scope(rng: RandomSource, state: CloudState) -> Any:
    project = rng.pick([*state.projects])
    return rng.pick(
        (
            {"project": {"id": state.projects[project]}},
            {"project": {"name": project, "domain": rng.pick(_DOMAINS)}},
            {"project": {"name": text(rng, 0.7), "domain": {"id": "default"}}},
            *(
                "unscoped",
                {"unscoped": {}},
                {"domain": {"id": "default"}},
                {"system": {"all": True}},
            ),
            *({"OS-TRUST:trust": {"id": "x"}}, {}, None, odd_json(rng)),
        )
    )


def credential(rng: RandomSource, _: CloudState, __: Parts) -> Any:
    """Return a body that creates an application credential; a few have a secret of the client."""
    wanted: dict[str, Any] = {"name": f"{text(rng, 0.2)[:200]}{rng.hexadecimal(8)}"}
    if rng.chance(0.3):
        wanted["secret"] = canary(rng)
    if rng.chance(0.3):
        wanted["description"] = text(rng, 0.6)
    if rng.chance(0.5):
        wanted["expires_at"] = date(rng)
    if rng.chance(0.3):
        wanted["roles"] = [rng.pick(({"name": r}, {"id": r}, r)) for r in rng.some(_ROLES, 3)]
    if rng.chance(0.2):
        wanted["unrestricted"] = rng.pick((True, False, None, "true", 1))
    if rng.chance(0.2):
        rule = {"service": "compute", "method": "GET", "path": rng.pick(("/v2.1/*", "/a*a*a*b"))}
        wanted["access_rules"] = rng.pick(([rule], [], [rule] * 50, "x"))
    if rng.chance(0.03):
        wanted[rng.pick(("name", "secret", "description"))] = "x" * rng.pick((256, 100_000))
    return {"application_credential": wanted}


def odd_body(rng: RandomSource, _: CloudState, __: Parts) -> Any:
    """Return a body for a route that ignores it."""
    return odd_json(rng)


def query(rng: RandomSource, state: CloudState) -> Pairs:
    """Return up to three query parameters that lists of the Identity API may support."""
    pairs = []
    for _ in range(rng.randint(0, 3)):
        name = rng.pick(_NAMES)
        known = rng.pick((*state.projects, *state.projects.values(), "true", "0"))
        pairs.append((name, known if rng.chance(0.5) else text(rng, 0.6)))
    return pairs


def assignment_query(rng: RandomSource, state: CloudState) -> Pairs:
    """Return up to three parameters of the list of role assignments."""
    pairs = []
    for _ in range(rng.randint(0, 3)):
        known = rng.pick((*state.projects.values(), "default", "all", "projects", "", "0"))
        pairs.append((rng.pick(_FILTERS), known if rng.chance(0.7) else text(rng, 0.6)))
    return pairs


_FILTERS = (
    *("user.id", "role.id", "group.id", "scope.project.id", "scope.domain.id", "scope.system"),
    *("scope.OS-INHERIT:inherited_to", "effective", "include_names", "include_subtree"),
)
_NAMES = (
    *("name", "id", "domain_id", "enabled", "marker", "limit", "sort_key", "allow_expired"),
    *("nocatalog", "links", "options", "name__contains", "parent_id", "is_domain", "tags", "x"),
)
_TOKENS = "/identity/v3/auth/tokens"
_RULES = "/identity/v3/users/{user}/access_rules"
_TAGS = "/identity/v3/projects/{resource}/tags"
_CREDENTIALS = "/identity/v3/users/{user}/application_credentials"
KINDS = ("projects", "users", "domains", "roles", "services", "endpoints", "regions")


def _route(method: str, template: str, weight: float, document: Any = None) -> Route:
    return Route("identity", method, template, weight, query, document)


def _creator(kind: str) -> Document:
    return lambda rng, state, _: new_object(kind, rng, state)


def _changer(kind: str) -> Document:
    return lambda rng, _, __: changed_object(kind, rng)


def _object_routes() -> list[Route]:
    """Return the rows that create, change and delete projects, users, domains and the catalog."""
    rows = []
    for kind in ("project", "user", "domain", "region", "service", "endpoint"):
        path = f"/identity/v3/{kind}s"
        rows.append(_route("POST", path, 0.2, _creator(kind)))
        rows.append(_route("PATCH", path + "/{resource}", 0.2, _changer(kind)))
        rows.append(_route("DELETE", path + "/{resource}", 0.1))
    return rows


def _role_routes() -> list[Route]:
    """Return the rows of roles, of the roles that they imply, and of those that users have."""
    roles, implied = "/identity/v3/roles", "/identity/v3/roles/{resource}/implies"
    rows = [
        _route("POST", roles, 0.2, _creator("role")),
        _route("PATCH", f"{roles}/{{resource}}", 0.2, _changer("role")),
        _route("DELETE", f"{roles}/{{resource}}", 0.1),
        _route("GET", implied, 0.1),
        *(_route(m, implied + "/{role}", 0.1) for m in ("GET", "HEAD", "PUT", "DELETE")),
        _route("GET", "/identity/v3/role_inferences", 0.1),
        Route("identity", "GET", "/identity/v3/role_assignments", 0.5, assignment_query),
    ]
    for scope in ("projects/{resource}", "domains/default", "system"):
        path = f"/identity/v3/{scope}/users/{{user}}/roles"
        rows.append(_route("GET", path, 0.1))
        rows += (
            _route(method, path + "/{role}", 0.1) for method in ("GET", "HEAD", "PUT", "DELETE")
        )
    return rows


def _unsupported_routes() -> list[Route]:
    """Return a row for each route that responds 501."""
    return [
        _route(method, "/identity" + re.sub(r"\{\w+\}", "{resource}", path), 0.01, odd_body)
        for routes in UNSUPPORTED_ROUTES.values()
        for methods, path in routes
        for method in methods.split()
    ]


ROUTES = (
    _route("GET", "/identity", 0.5),
    _route("GET", "/identity/v3", 0.5),
    _route("GET", "/identity/v3/", 0.5),
    _route("POST", _TOKENS, 12, login),
    _route("GET", _TOKENS, 4),
    _route("HEAD", _TOKENS, 1),
    _route("DELETE", _TOKENS, 0.1),
    *(_route("GET", f"/identity/v3/auth/{n}", 1) for n in ("projects", "domains", "system")),
    _route("GET", "/identity/v3/auth/catalog", 2),
    _route("GET", _CREDENTIALS, 3),
    _route("POST", _CREDENTIALS, 1, credential),
    _route("GET", f"{_CREDENTIALS}/{{credential}}", 1),
    _route("DELETE", f"{_CREDENTIALS}/{{credential}}", 1),
    _route("GET", "/identity/v3/users/{user}/projects", 1),
    _route("GET", "/identity/v3/users/{user}/groups", 0.2),
    _route("GET", "/identity/v3/groups", 0.2),
    _route("GET", _RULES, 0.5),
    _route("GET", _RULES + "/{resource}", 0.2),
    _route("DELETE", _RULES + "/{resource}", 0.1),
    *(_route("GET", f"/identity/v3/{kind}", 0.5) for kind in KINDS),
    *(_route("GET", f"/identity/v3/{kind}/{{resource}}", 0.4) for kind in KINDS),
    *_object_routes(),
    _route("PUT", "/identity/v3/regions/{resource}", 0.1, _creator("region")),
    _route("POST", "/identity/v3/users/{resource}/password", 0.02, new_password),
    *(_route(method, _TAGS, 0.1, tags) for method in ("GET", "PUT", "DELETE")),
    *(_route(method, _TAGS + "/{key}", 0.1) for method in ("GET", "PUT", "DELETE")),
    _route("GET", "/identity/v3/{key}", 0.4),
    _route("POST", "/identity/v2.0/tokens", 0.2, lambda d, *_: {"auth": {"token": odd_json(d)}}),
    *_role_routes(),
    *_unsupported_routes(),
)
