"""Hand-written scenarios of the Identity API: logins and tokens.

Most log in by token: to check a password takes the embedded service a quarter of a second.
"""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import Scenario, identity_call, numbered
from tests.differential.base_images import CREW, OTHERS
from tests.differential.identity_requests import (
    DOMAIN,
    PROJECT,
    login,
    login_and_save,
    password,
    token,
)

_SCOPES: tuple[Any, ...] = (
    *(PROJECT, {"project": {"name": "crew", "domain": DOMAIN}}, {}, None, [], "x", "unscoped"),
    *({"project": {"name": "CREW", "domain": DOMAIN}}, {"project": {"name": "crew"}}),
    *({"project": {"id": OTHERS}}, {"project": {"id": "x"}}, {"project": {}}, {"project": None}),
    *({"domain": DOMAIN}, {"domain": {"name": "Default"}}, {"domain": {"id": "x"}}, {"domain": {}}),
    *({"system": {"all": True}}, {"system": {"all": False}}, {"system": {}}, {"system": True}),
    *({**PROJECT, "domain": DOMAIN}, {**PROJECT, "system": {"all": True}}),
    *({"domain": DOMAIN, "system": {"all": True}}, {"OS-TRUST:trust": {"id": "x"}}, {"x": {}}),
    *({"project": {"id": CREW, "x": 1}}, {"unscoped": {}, **PROJECT}),
)
_IDENTITIES: tuple[Any, ...] = (
    *(password(name=each) for each in ("owner", "OWNER", "nobody-a", "", 1, None, "x" * 256)),
    *(password(name="other", password=each) for each in ("wrong", "", 1, None, ...)),
    *(password(domain=each) for each in (..., {}, None, {"id": "x"}, {"name": "default"}, "x")),
    password(name=..., id="<user:owner>", domain=...),
    password(name="other", id="<user:owner>"),
    password(name=..., id="nobody", domain=...),
    {**password(), "methods": ["password", "password"]},
    {**password(), "methods": ["password", "x"]},
    {"methods": ["x"]},
    {"methods": ["external"]},
    token("owner"),
    token("unscoped:owner"),
    {"methods": ["token"], "token": {"id": "x"}},
    {"methods": ["token"], "token": None},
    {**password(), **token("owner"), "methods": ["password", "token"]},
    *(
        {"methods": []},
        {"methods": None},
        {"methods": "password"},
        {"methods": [1]},
        {"methods": {}},
    ),
    {},
    None,
)
_BODIES = (b"", b"{", b"[]", b"null", b"{}", b'{"auth": {}}', b'{"auth": null}', b"\xff")
_KINDS = ("text/plain", "", "application/xml", "application/json; charset=utf-8", "X/JSON")


def logins() -> Iterator[Scenario]:
    """Yield logins with each scope, each identity, and malformed ones."""
    rows = [
        *([login(token(user), each)] for user in ("owner", "admin") for each in _SCOPES),
        *([login(each)] for each in _IDENTITIES),
        *([login(token("owner"), PROJECT, {"Content-Type": kind})] for kind in _KINDS),
        *(
            [identity_call("POST", "/auth/tokens", body, None, {"Content-Type": kind})]
            for body in _BODIES
            for kind in ("", "application/json")
        ),
        [
            identity_call(
                "POST", "/auth/tokens?nocatalog", login(token("owner"), PROJECT).body, None
            )
        ],
    ]
    yield from numbered("login", rows)


_SUBJECTS = ("<token:owner>", "<token:unscoped:owner>", "<token:system:admin>", "x", "")
_CALLERS = ("owner", "admin", "other", "none", "invalid", "unscoped:owner", "system:admin")


def tokens() -> Iterator[Scenario]:
    """Yield validations and revocations of tokens."""
    path = "/auth/tokens"
    subject = {"X-Subject-Token": "<fresh>"}
    rows = [
        [identity_call("GET", path, None, user, {"X-Subject-Token": each})]
        for user in _CALLERS
        for each in _SUBJECTS
    ]
    for user in _CALLERS:
        rows += [[identity_call("HEAD", path, None, user, {"X-Subject-Token": "x"})]]
        rows += [[identity_call("DELETE", path, None, user, {"X-Subject-Token": "x"})]]
        rows += [[identity_call("DELETE", path, None, user)]]
        scopes = ("projects", "domains", "system", "catalog")
        rows += [[identity_call("GET", f"/auth/{each}", None, user)] for each in scopes]
        revocation = identity_call("DELETE", path, None, user, subject)
        validation = identity_call("GET", path, None, "admin", subject)
        rows += [[login_and_save(token("reader")), revocation, validation]]
    mine = {"X-Subject-Token": "<token:owner>"}
    queries = ("nocatalog", "allow_expired=1", "allow_expired=true", "x=y")
    rows += [[identity_call("GET", f"{path}?{each}", None, "owner", mine)] for each in queries]
    yield from numbered("token", rows)
