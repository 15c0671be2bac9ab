"""Hand-written Identity API scenarios: changes after which a token ends, or does not."""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import ApiRequest, Scenario, identity_call, numbered
from tests.differential.identity_requests import login_and_save, password

_USER, _PROJECT, _DOMAIN = "/users/<made>", "/projects/<place>", "/domains/<realm>"
_IN_PROJECT = {"project": {"id": "<place>"}}
_IN_DOMAIN = {"domain": {"id": "<realm>"}}
_ON_SYSTEM = {"system": {"all": True}}
_USER_CHANGES: tuple[dict[str, Any], ...] = (
    *({"enabled": True}, {"password": "p"}, {"password": None}, {"name": "renamed", "x": "y"}),
)


def token_ends() -> Iterator[Scenario]:
    """Yield changes of a user, its roles and its project, and what becomes of a token then."""
    disabled_user = _disabled("user", _USER)
    disabled_project = _disabled("project", _PROJECT)
    disabled_domain = _disabled("domain", _DOMAIN)
    rows = [
        *(_with_token(each, disabled_user) for each in (..., _IN_PROJECT, _IN_DOMAIN, _ON_SYSTEM)),
        *(_with_token(each, disabled_project) for each in (..., _IN_PROJECT)),
        *(_with_token(each, disabled_domain) for each in (..., _IN_PROJECT, _IN_DOMAIN)),
        _with_token(..., disabled_domain, home="<realm>"),
        _with_token(..., _unassigned(_PROJECT)),
        _with_token(_IN_PROJECT, _unassigned(_PROJECT)),
        _with_token(_IN_DOMAIN, _unassigned(_DOMAIN)),
        _with_token(_ON_SYSTEM, _unassigned("/system")),
        *(_with_token(..., _change("user", _USER, each)) for each in _USER_CHANGES),
        _with_token(_IN_PROJECT, _change("project", _PROJECT, {"name": "renamed"})),
        *(_with_token(_IN_PROJECT, [identity_call("DELETE", path)]) for path in (_PROJECT, _USER)),
    ]
    yield from numbered("token-end", rows)


def _disabled(kind: str, path: str) -> list[ApiRequest]:
    """Return requests that disable something, and enable it again."""
    return _change(kind, path, {"enabled": False}, {"enabled": True})


def _unassigned(place: str) -> list[ApiRequest]:
    """Return requests that remove the role of the user in a place, and assign it again."""
    role = f"{place}{_USER}/roles/<role:member>"
    return [identity_call(method, role) for method in ("DELETE", "PUT")]


def _change(kind: str, path: str, *bodies: Any) -> list[ApiRequest]:
    return [identity_call("PATCH", path, {kind: each}) for each in bodies]


def _with_token(scope: Any, changes: list[ApiRequest], home: str = "default") -> list[ApiRequest]:
    """Return requests that create a user in the domain `home`, and use its token meanwhile."""
    new = {"name": "ending", "domain_id": "<realm>"}
    user = {"user": {"name": "ending", "domain_id": home, "password": "p"}}
    checks = [
        identity_call("GET", "/auth/tokens", headers={"X-Subject-Token": "<fresh>"}),
        *(
            identity_call("GET", f"/auth/{each}", None, None, {"X-Auth-Token": "<fresh>"})
            for each in ("projects", "domains")
        ),
        identity_call("GET", f"{_USER}/projects"),
    ]
    return [
        identity_call(
            "POST", "/domains", {"domain": {"name": "ending"}}, saves={"realm": "domain.id"}
        ),
        identity_call("POST", "/projects", {"project": new}, saves={"place": "project.id"}),
        identity_call("POST", "/users", user, saves={"made": "user.id"}),
        *(
            identity_call("PUT", f"{place}{_USER}/roles/<role:member>")
            for place in (_PROJECT, _DOMAIN, "/system")
        ),
        login_and_save(password(name=..., domain=..., id="<made>", password="p"), scope),
        *(each for change in changes for each in (change, *checks)),
        *(identity_call("DELETE", path) for path in (_USER, _PROJECT)),
        *_change("domain", _DOMAIN, {"enabled": False}),
        identity_call("DELETE", _DOMAIN),
    ]
