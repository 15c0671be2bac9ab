"""Roles are assigned to users in projects, in domains and on the system."""

import itertools
from typing import Any

import pytest

from glimpse.identity.embedded import limits
from tests.identity.cloud import Cloud, message_of
from tests.identity_api.admin import ADMIN, DOMAIN_ID, MANAGER, MEMBER, READER, Admin

pytestmark = pytest.mark.usefixtures("quick_hashes")
SCOPES = ["projects", "domains", "system"]


@pytest.fixture
def admin(cloud: Cloud) -> Admin:
    admin = Admin(cloud)
    admin.add_domain()
    return admin


def scope_path(admin: Admin, kind: str) -> str:
    ids = {"projects": admin.project_id("alt"), "domains": DOMAIN_ID}
    return kind if kind == "system" else f"{kind}/{ids[kind]}"


def assigned(admin: Admin, scope: str, user: str = "demo") -> list[str]:
    document = admin.get(f"/{scope}/users/{admin.user_id(user)}/roles")
    return sorted(role["name"] for role in document["roles"])


@pytest.mark.parametrize("kind", SCOPES)
def test_role_is_assigned_checked_and_revoked(admin: Admin, kind: str) -> None:
    scope = scope_path(admin, kind)
    path = f"/{scope}/users/{admin.user_id('demo')}/roles/{MEMBER}"
    for method in ("GET", "HEAD", "DELETE"):
        assert admin.send(method, path).status_code == 404
    for _ in range(2):
        assert admin.send("PUT", path).status_code == 204
    assert admin.send("GET", path).status_code == 204
    assert admin.send("HEAD", path).status_code == 204
    assert assigned(admin, scope) == ["member"]
    assert admin.send("DELETE", path).status_code == 204
    assert assigned(admin, scope) == []
    message = message_of(admin.send("DELETE", path))
    assert message.startswith(f"Could not find role assignment with role: {MEMBER}")


def test_number_of_assignments_is_bounded(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    users = admin.cloud.directory.users.values()
    count = sum(len(user.assignments) for user in users)
    monkeypatch.setattr(limits, "MAX_ASSIGNMENTS", count + 1)
    path = f"/{scope_path(admin, 'projects')}/users/{admin.user_id('demo')}/roles"
    assert admin.send("PUT", f"{path}/{MEMBER}").status_code == 204
    refused = admin.send("PUT", f"{path}/{READER}")
    assert refused.status_code == 403
    assert message_of(refused) == f"There can be at most {count + 1} role assignments."
    assert admin.send("PUT", f"{path}/{MEMBER}").status_code == 204  # it is assigned already


def test_immutable_role_is_assigned_in_an_immutable_project_and_domain(admin: Admin) -> None:
    """As in Keystone, the option protects the attributes, but not the assignments."""
    role_id, options = admin.create_role(options={"immutable": True}), {"immutable": True}
    for scope in (scope_path(admin, "projects"), scope_path(admin, "domains")):
        kind = scope.partition("s/")[0]
        patched = admin.send("PATCH", f"/{scope}", {kind: {"options": options}})
        assert patched.status_code == 200, patched.text
        path = f"/{scope}/users/{admin.user_id('demo')}/roles/{role_id}"
        assert admin.send("PUT", path).status_code == 204
        assert admin.send("DELETE", path).status_code == 204


@pytest.mark.parametrize("kind", SCOPES)
def test_assignment_takes_effect_in_tokens_at_once(admin: Admin, kind: str) -> None:
    scope, demo = scope_path(admin, kind), admin.user_id("demo")
    requested = {
        "projects": {"project": {"id": admin.project_id("alt")}},
        "domains": {"domain": {"id": DOMAIN_ID}},
        "system": {"system": {"all": True}},
    }[kind]

    def login_status() -> int:
        return admin.cloud.login(scope=requested).status_code

    assert login_status() == 401
    admin.assign(scope, demo, MEMBER)
    admin.assign(scope, demo, READER)
    text = admin.cloud.login(scope=requested).headers["X-Subject-Token"]
    admin.send("DELETE", f"/{scope}/users/{demo}/roles/{MEMBER}")
    shown = admin.cloud.send("GET", "/auth/tokens", text, headers={"X-Subject-Token": text})
    assert [role["name"] for role in shown.json()["token"]["roles"]] == ["reader"]
    admin.send("DELETE", f"/{scope}/users/{demo}/roles/{READER}")
    assert admin.cloud.send("GET", "/auth/projects", text).status_code == 401
    assert login_status() == 401
    admin.assign(scope, demo, READER)  # the token becomes valid again, as in Keystone
    assert admin.cloud.send("GET", "/auth/projects", text).status_code == 200


def test_domain_may_stand_for_a_project(admin: Admin) -> None:
    admin.assign(f"projects/{DOMAIN_ID}", admin.user_id("demo"), READER)
    assert assigned(admin, f"domains/{DOMAIN_ID}") == ["reader"]
    assert assigned(admin, f"projects/{DOMAIN_ID}") == ["reader"]


@pytest.mark.parametrize("kind", SCOPES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_unknown_ids_are_not_found(admin: Admin, method: str, kind: str) -> None:
    scope, demo = scope_path(admin, kind), admin.user_id("demo")
    paths = [f"/{scope}/users/{demo}/roles/nothing"]
    if kind != "system":
        paths.append(f"/{kind}/nowhere/users/{demo}/roles/{MEMBER}")
    tokens = [admin.cloud.token("admin"), admin.cloud.token()]
    for path, token in itertools.product(paths, tokens):
        assert admin.cloud.send(method, path, token).status_code == 404
    path = f"/{scope}/users/nobody/roles/{MEMBER}"
    assert admin.cloud.send(method, path, tokens[0]).status_code == 404


def test_role_of_a_domain_is_assigned_in_that_domain_only(admin: Admin) -> None:
    role, demo = admin.create_role(domain_id=DOMAIN_ID), admin.user_id("demo")
    admin.assign("projects/ap", demo, role)
    admin.assign(f"domains/{DOMAIN_ID}", demo, role)
    for scope, status in ((f"projects/{admin.project_id('alt')}", 403), ("system", 400)):
        response = admin.send("PUT", f"/{scope}/users/{demo}/roles/{role}")
        assert response.status_code == status, response.text


def test_others_may_not_see_or_change_assignments(admin: Admin) -> None:
    token, demo = admin.cloud.token(), admin.user_id("demo")
    for kind, method in itertools.product(SCOPES, ("GET", "HEAD", "PUT", "DELETE")):
        path = f"/{scope_path(admin, kind)}/users/{demo}/roles"
        assert admin.cloud.send(method, f"{path}/{READER}", token).status_code == 403
        if method in ("GET", "HEAD"):
            assert admin.cloud.send(method, path, token).status_code == 403


def scoped_token(admin: Admin, scope: dict[str, Any]) -> str:
    response = admin.cloud.login(scope=scope)
    assert response.status_code == 201, response.text
    return response.headers["X-Subject-Token"]


def test_manager_of_a_domain_assigns_some_roles_within_it(admin: Admin) -> None:
    admin.assign(f"domains/{DOMAIN_ID}", admin.user_id("demo"), MANAGER)
    token = scoped_token(admin, {"domain": {"id": DOMAIN_ID}})
    alt = admin.user_id("alt")
    statuses = {
        path: admin.cloud.send("PUT", f"/{path}", token).status_code
        for path in (
            f"projects/ap/users/au/roles/{MEMBER}",
            f"domains/{DOMAIN_ID}/users/au/roles/{MANAGER}",
            f"projects/ap/users/au/roles/{ADMIN}",
            f"projects/ap/users/{alt}/roles/{MEMBER}",
            f"projects/{admin.project_id('alt')}/users/au/roles/{MEMBER}",
            f"system/users/au/roles/{READER}",
        )
    }
    assert list(statuses.values()) == [204, 204, 403, 403, 403, 403]
    listed = admin.cloud.send("GET", "/projects/ap/users/au/roles", token)
    assert [role["name"] for role in listed.json()["roles"]] == ["member"]
    assert admin.cloud.send("GET", f"/system/users/{alt}/roles", token).status_code == 403
    assert admin.cloud.send("GET", "/roles", token).status_code == 200
    assert admin.cloud.send("GET", f"/roles/{ADMIN}", token).status_code == 403


def test_reader_of_the_system_sees_all_assignments_and_changes_none(admin: Admin) -> None:
    admin.assign("system", admin.user_id("demo"), READER)
    token = scoped_token(admin, {"system": {"all": True}})
    for kind in SCOPES:
        path = f"/{scope_path(admin, kind)}/users/{admin.user_id('alt')}/roles"
        assert admin.cloud.send("GET", path, token).status_code == 200
        assert admin.cloud.send("PUT", f"{path}/{READER}", token).status_code == 403
    assert admin.cloud.send("GET", "/role_assignments", token).status_code == 200
