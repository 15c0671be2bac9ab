"""Tokens for a domain, for the system, for the default project; users in other domains."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from glimpse.identity.embedded.assignment_edits import remove_assignments
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity_document_sections import find_entry
from glimpse.identity.embedded.identity_removals import remove_domain, remove_projects, remove_users
from glimpse.identity.embedded.standard_roles import role_id_of
from glimpse.identity.service import Unauthorized
from tests.identity.cloud import Cloud

pytestmark = pytest.mark.usefixtures("quick_hashes")
DOMAIN: dict[str, Any] = {"scope": {"domain": {"id": "d"}}}
SYSTEM: dict[str, Any] = {"scope": {"system": {"all": True}}}
SCOPES = pytest.mark.parametrize("scope", [DOMAIN, SYSTEM], ids=["domain", "system"])


@pytest.fixture
def scoped_cloud(cloud: Cloud) -> Cloud:
    """A cloud where demo is a manager of the domain Acme, and a reader of the system."""

    def edit(document: dict[str, Any], _: Directory) -> None:
        document["domains"] = [{"id": "d", "name": "Acme"}, {"id": "e", "name": "Empty"}]
        document["projects"].append({"id": "p", "name": "demo", "domain_id": "d"})
        user = user_of(document, "demo")
        user |= {"domain_roles": {"d": ["manager"]}, "system_roles": ["reader"]}
        document["users"].append(
            {
                "id": "acme-demo",
                "name": "Demo",
                "domain_id": "d",
                "password": "acme",
                "roles": {"p": ["member"]},
                "default_project_id": "p",
            }
        )

    cloud.identity.identity_file.change(edit)
    return cloud


def user_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(user for user in document["users"] if user["name"] == name)
    return found


def token_document(response: requests.Response) -> dict[str, Any]:
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()["token"]
    return found


def roles_of(token: dict[str, Any]) -> list[str]:
    return sorted(role["name"] for role in token["roles"])


def login_of_acme(cloud: Cloud, scope: object = None, **domain: str) -> requests.Response:
    """Log in as the user ``demo`` of a domain, by default Acme, with that user's password."""
    user = {"name": "demo", "domain": domain or {"name": "acme"}, "password": "acme"}
    auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
    return cloud.post({"auth": auth if scope is None else {**auth, "scope": scope}})


def test_token_for_a_domain_has_the_roles_there(scoped_cloud: Cloud) -> None:
    token = token_document(scoped_cloud.login(scope={"domain": {"name": "ACME"}}))
    assert token["domain"] == {"id": "d", "name": "Acme"}
    assert roles_of(token) == ["manager", "member", "reader"]
    assert token["catalog"]
    assert not {"project", "system", "is_domain"} & set(token)


def test_token_for_the_system_has_the_roles_there(scoped_cloud: Cloud) -> None:
    token = token_document(scoped_cloud.login(**SYSTEM))
    assert token["system"] == {"all": True}
    assert roles_of(token) == ["reader"]
    assert token["catalog"]
    assert not {"project", "domain", "is_domain"} & set(token)


@pytest.mark.parametrize(
    ("user", "scope"),
    [
        ("alt", {"domain": {"id": "d"}}),
        ("alt", {"system": {"all": True}}),
        ("demo", {"domain": {"id": "e"}}),
        ("demo", {"domain": {"id": "gone"}}),
        ("demo", {"domain": {"id": "d", "name": "Empty"}}),
        ("demo", {"OS-TRUST:trust": {"id": "x"}}),
        ("demo", {"project": {"id": "d"}}),
        ("demo", {"project": {"id": "p"}}),
        ("demo", {"project": {"name": "demo", "domain": {"id": "d"}}}),
    ],
)
def test_scope_without_a_role_is_refused(
    scoped_cloud: Cloud, user: str, scope: dict[str, Any]
) -> None:
    assert scoped_cloud.login(user, scope=scope).status_code == 401


def test_login_with_two_scopes_is_a_bad_request(scoped_cloud: Cloud) -> None:
    both = {**DOMAIN["scope"], **SYSTEM["scope"]}
    assert scoped_cloud.login(scope=both).status_code == 400


def test_users_of_two_domains_may_have_the_same_name(scoped_cloud: Cloud) -> None:
    token = token_document(login_of_acme(scoped_cloud))
    assert token["user"]["id"] == "acme-demo"
    assert token["user"]["domain"] == {"id": "d", "name": "Acme"}
    assert login_of_acme(scoped_cloud, id="d").status_code == 201
    for domain in ({"id": "default"}, {"id": "gone"}, {"name": "Empty"}):
        assert login_of_acme(scoped_cloud, **domain).status_code == 401
    assert token_document(scoped_cloud.login())["user"]["domain"]["id"] == "default"


def test_login_without_a_scope_is_for_the_default_project(scoped_cloud: Cloud) -> None:
    response = login_of_acme(scoped_cloud)
    token = token_document(response)
    assert token["project"] == {
        "id": "p",
        "name": "demo",
        "domain": {"id": "d", "name": "Acme"},
    }
    assert "project" not in token_document(login_of_acme(scoped_cloud, "unscoped"))
    identity = {"methods": ["token"], "token": {"id": response.headers["X-Subject-Token"]}}
    rescoped = token_document(scoped_cloud.post({"auth": {"identity": identity}}))
    assert rescoped["project"]["id"] == "p"


@pytest.mark.parametrize(
    "change",
    [{"default_project_id": "gone"}, {"default_project_id": "q"}, {"roles": {"q": ["member"]}}],
    ids=["unknown", "disabled", "no role"],
)
def test_default_project_that_cannot_be_used_is_no_scope(
    scoped_cloud: Cloud, change: dict[str, Any]
) -> None:
    def edit(document: dict[str, Any], _: Directory) -> None:
        user = user_of(document, "Demo")
        document["projects"].append({"id": "q", "name": "disabled", "enabled": False})
        user["roles"]["q"] = ["member"]
        user |= change

    scoped_cloud.identity.identity_file.change(edit)
    assert "project" not in token_document(login_of_acme(scoped_cloud))


@SCOPES
def test_token_can_be_shown_and_exchanged(scoped_cloud: Cloud, scope: dict[str, Any]) -> None:
    response = scoped_cloud.login(**scope)
    text = response.headers["X-Subject-Token"]
    shown = scoped_cloud.send("GET", "/auth/tokens", text, headers={"X-Subject-Token": text})
    assert shown.json() == response.json()
    auth = {"identity": {"methods": ["token"], "token": {"id": text}}}
    project = {"project": {"name": "demo", "domain": {"id": "default"}}}
    exchanged = token_document(scoped_cloud.post({"auth": {**auth, "scope": project}}))
    assert exchanged["project"]["name"] == "demo"
    back = token_document(scoped_cloud.post({"auth": {**auth, **scope}}))
    assert roles_of(back) == roles_of(response.json()["token"])


@SCOPES
async def test_caller_of_the_other_apis_has_no_project(
    scoped_cloud: Cloud, scope: dict[str, Any]
) -> None:
    text = scoped_cloud.login(**scope).headers["X-Subject-Token"]
    caller = await scoped_cloud.identity.authenticate(text)
    assert (caller.project_id, caller.project_name, caller.project_domain_id) == (None, None, None)
    assert caller.user_domain_id == "default"
    assert "reader" in caller.roles
    assert not caller.is_admin


def test_scopes_of_the_caller_are_listed(scoped_cloud: Cloud) -> None:
    def listed(user: str) -> tuple[list[str], list[Any]]:
        token = scoped_cloud.login(user, scope="unscoped").headers["X-Subject-Token"]
        domains = scoped_cloud.send("GET", "/auth/domains", token).json()["domains"]
        system = scoped_cloud.send("GET", "/auth/system", token).json()["system"]
        return [domain["name"] for domain in domains], system

    assert listed("demo") == (["Acme"], [{"all": True}])
    assert listed("alt") == ([], [])
    assert listed("admin") == ([], [{"all": True}])


@SCOPES
def test_catalog_of_a_token_without_a_project_is_forbidden(
    scoped_cloud: Cloud, scope: dict[str, Any]
) -> None:
    text = scoped_cloud.login(**scope).headers["X-Subject-Token"]
    assert scoped_cloud.send("GET", "/auth/catalog", text).status_code == 403


Edit = Callable[[dict[str, Any], Directory], None]


def disable(section: str, entry_id: str) -> Edit:
    def edit(document: dict[str, Any], _: Directory) -> None:
        entry = find_entry(document, section, entry_id)
        assert entry is not None
        entry["enabled"] = False

    return edit


def remove_domain_role(document: dict[str, Any], directory: Directory) -> None:
    remove_assignments(
        document,
        directory,
        lambda each: each.domain_id == "d" and each.role_id == role_id_of("manager"),
    )


def remove_system_role(document: dict[str, Any], directory: Directory) -> None:
    remove_assignments(
        document, directory, lambda each: (each.project_id, each.domain_id) == (None, None)
    )


@pytest.mark.parametrize(
    ("user", "scope", "edit"),
    [
        ("demo", DOMAIN["scope"], disable("domains", "d")),
        (
            "demo",
            DOMAIN["scope"],
            lambda document, old: remove_domain(document, old, "d"),
        ),
        ("demo", DOMAIN["scope"], remove_domain_role),
        ("demo", SYSTEM["scope"], remove_system_role),
        ("Demo", None, disable("users", "acme-demo")),
        ("Demo", None, disable("domains", "d")),
        ("Demo", "unscoped", disable("domains", "d")),
        ("Demo", None, disable("projects", "p")),
        (
            "Demo",
            None,
            lambda document, old: remove_projects(document, old, {"p"}),
        ),
        (
            "Demo",
            None,
            lambda document, old: remove_users(document, old, {"acme-demo"}),
        ),
    ],
    ids=[
        *("disabled domain", "removed domain", "removed domain role", "removed system role"),
        *("disabled user", "disabled domain of a user", "disabled domain of an unscoped token"),
        *("disabled project", "removed project", "removed user"),
    ],
)
async def test_token_of_a_removed_or_disabled_thing_ends_at_once(
    scoped_cloud: Cloud, user: str, scope: Any, edit: Edit
) -> None:
    if user == "demo":
        response = scoped_cloud.login(scope=scope)
    else:
        response = login_of_acme(scoped_cloud, scope)
    text = response.headers["X-Subject-Token"]
    await scoped_cloud.identity.authenticate(text)
    scoped_cloud.identity.identity_file.change(edit)
    with pytest.raises(Unauthorized):
        await scoped_cloud.identity.authenticate(text)


def test_scope_decides_who_sees_application_credentials(scoped_cloud: Cloud) -> None:
    own, others = scoped_cloud.credentials_path(), scoped_cloud.credentials_path("alt")
    statuses = {}
    for name, scope in (("domain", DOMAIN), ("system", SYSTEM)):
        text = scoped_cloud.login(**scope).headers["X-Subject-Token"]
        body = {"application_credential": {"name": "robot"}}
        statuses[name] = [
            scoped_cloud.send("GET", own, text).status_code,
            scoped_cloud.send("GET", others, text).status_code,
            scoped_cloud.send("POST", own, text, json=body).status_code,
        ]
    assert statuses == {"domain": [403, 403, 403], "system": [200, 200, 403]}
