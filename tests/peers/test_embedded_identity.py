"""The embedded Identity API responds as a real Keystone does.

docs/differences.md has the differences by design.
"""

from typing import Any

import pytest

from tests.peers.conftest import COLLECTOR, OWNER
from tests.peers.service_pair import ResponsePair, ServicePair, document_shape
from tests.support.cloud import PASSWORD

pytestmark = pytest.mark.peers
DOMAIN = {"id": "default"}
PROJECT = {"project": {"name": "owner", "domain": DOMAIN}}


def by_password(**user: Any) -> dict[str, Any]:
    """Return an identity with these members; ``...`` removes one of the default members."""
    members = {"name": "owner", "domain": DOMAIN, "password": PASSWORD, **user}
    present = {key: value for key, value in members.items() if value is not ...}
    return {"methods": ["password"], "password": {"user": present}}


def assert_alike(pair: ResponsePair) -> None:
    details = f"the real one:\n{pair.real}\n\nthe embedded one:\n{pair.embedded}"
    assert pair.embedded.status == pair.real.status, details
    if pair.real.body:
        real, embedded = pair.real.json(), pair.embedded.json()
        real.get("token", {}).pop("catalog", None)  # the clouds have different services
        embedded.get("token", {}).pop("catalog", None)
        assert document_shape(embedded) == document_shape(real), details
    for name in ("X-Subject-Token", "WWW-Authenticate", "Vary"):
        assert (pair.embedded.header(name) is None) == (pair.real.header(name) is None), details


@pytest.mark.parametrize("path", ["/", "/v3", "/v3/"])
def test_version_documents_have_the_same_shape(services: ServicePair, path: str) -> None:
    pair = services.identity("GET", path)
    assert_alike(pair)
    assert (pair.embedded.header("Location") is None) == (pair.real.header("Location") is None)


SCOPES: list[Any] = [
    PROJECT,
    {"project": {"id": OWNER.project_id}},
    {"project": {"name": "owner", "domain": {"name": "Default"}}},
    {"project": {"name": "owner"}},
    {"project": {"name": "owner", "domain": {"id": "nowhere"}}},
    {"project": {"id": COLLECTOR.project_id}},
    {"project": {"id": "nowhere"}},
    {"project": {}},
    {"project": None},
    {"project": {"id": 1}},
    {"domain": DOMAIN},
    {"domain": {"name": "default"}},
    {"domain": {"id": "nowhere"}},
    {"domain": {}},
    {"domain": None},
    {"domain": {"id": 1}},
    {"system": {"all": True}},
    {"system": {"all": "true"}},
    {"system": None},
    {"system": {"all": True}, **PROJECT},
    {**PROJECT, "domain": DOMAIN},
    {**PROJECT, "unscoped": {}},
    {"OS-TRUST:trust": {"id": "nothing"}},
    {"OS-TRUST:trust": {}},
    {},
    {"unscoped": {}},
    "unscoped",
    [],
    1,
]


@pytest.mark.parametrize("scope", SCOPES, ids=ascii)
def test_the_same_scopes_are_granted(services: ServicePair, scope: object) -> None:
    document = {"auth": {"identity": by_password(), "scope": scope}}
    assert_alike(services.identity("POST", "/v3/auth/tokens", document))


IDENTITIES: list[Any] = [
    by_password(),
    by_password(domain={"name": "Default"}),
    by_password(password="wrong"),
    by_password(password=...),
    by_password(password=1),
    by_password(name="nobody"),
    by_password(domain=...),
    by_password(domain={}),
    by_password(domain={"id": "nowhere"}),
    {"methods": ["password"], "password": {"user": {}}},
    {"methods": ["password"], "password": {}},
    {"methods": ["password"]},
    {"methods": "password"},
    {"methods": []},
    {},
    {"methods": ["token"], "token": {}},
    {"methods": ["token"], "token": {"id": 1}},
    {"methods": ["token"], "token": {"id": "gAAAAABnonsense"}},
    {"methods": ["application_credential"], "application_credential": {}},
    {"methods": ["application_credential"], "application_credential": {"name": "a", "secret": "s"}},
]


@pytest.mark.parametrize("identity", IDENTITIES, ids=ascii)
def test_the_same_logins_succeed(services: ServicePair, identity: object) -> None:
    assert_alike(services.identity("POST", "/v3/auth/tokens", {"auth": {"identity": identity}}))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"auth": {}}', b"\xff"])
def test_a_malformed_login_has_the_same_response(services: ServicePair, body: bytes) -> None:
    assert_alike(services.identity("POST", "/v3/auth/tokens", body))


@pytest.mark.parametrize("path", ["projects", "domains", "system", "catalog"])
@pytest.mark.parametrize("user", ["owner", None])
def test_the_scopes_and_catalog_of_a_token_have_the_same_shape(
    services: ServicePair, path: str, user: str | None
) -> None:
    pair = services.identity("GET", f"/v3/auth/{path}", user=user)
    assert pair.embedded.status == pair.real.status, f"{pair.real}\n\n{pair.embedded}"
    if path != "catalog":
        assert_alike(pair)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/x+json; a=b", "", "text/plain", "text/json", "application/x"],
)
def test_the_same_content_types_are_read(services: ServicePair, content_type: str) -> None:
    document = {"auth": {"identity": by_password(), "scope": PROJECT}}
    headers = {"Content-Type": content_type}
    assert_alike(services.identity("POST", "/v3/auth/tokens", document, headers))


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"X-Subject-Token": ""}, {"X-Subject-Token": "nonsense"}])
def test_a_missing_subject_token_has_the_same_response(
    services: ServicePair, method: str, headers: dict[str, str]
) -> None:
    assert_alike(services.identity(method, "/v3/auth/tokens", headers=headers, user="owner"))
