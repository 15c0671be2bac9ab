"""Roles are created, listed, shown, updated and deleted as in Keystone."""

from typing import Any

import pytest

from tests.identity.cloud import Cloud, message_of
from tests.identity_api.admin import ADMIN, DOMAIN_ID, MEMBER, READER, Admin

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def admin(cloud: Cloud) -> Admin:
    admin = Admin(cloud)
    admin.add_domain()
    return admin


def names(admin: Admin, query: str = "") -> list[str]:
    return sorted(role["name"] for role in admin.get(f"/roles{query}")["roles"])


def test_role_is_created_and_shown_with_all_its_attributes(admin: Admin) -> None:
    values = {"name": "auditor", "description": "reads", "x": {"y": [1]}}
    created = admin.send("POST", "/roles", {"role": values}).json()["role"]
    url = f"{admin.cloud.url}/roles/{created['id']}"
    assert created == {
        **values,
        "id": created["id"],
        "domain_id": None,
        "options": {},
        "links": {"self": url},
    }
    assert admin.get(f"/roles/{created['id']}") == {"role": created}
    assert created in admin.get("/roles")["roles"]


def test_roles_are_listed_by_name_and_domain(admin: Admin) -> None:
    admin.create_role()
    admin.create_role(domain_id=DOMAIN_ID)
    standard = ["admin", "manager", "member", "reader", "service"]
    assert names(admin) == sorted([*standard, "auditor"])
    assert names(admin, "?name=AUDITOR") == ["auditor"]
    assert names(admin, f"?domain_id={DOMAIN_ID}") == ["auditor"]
    assert names(admin, f"?domain_id={DOMAIN_ID}&name=admin") == []
    for query in ("?name=", "?domain_id=", "?domain_id=a_b"):
        assert admin.send("GET", f"/roles{query}").status_code == 400


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"name": "auditor"}, 409),
        ({"name": "Auditor"}, 409),
        ({"name": "ADMIN"}, 409),
        ({"name": "auditor", "domain_id": DOMAIN_ID}, 201),
        ({"name": "x", "domain_id": "nowhere"}, 404),
        ({}, 400),
        ({"name": ""}, 400),
        ({"name": " "}, 400),
        ({"name": "x" * 256}, 400),
        ({"name": 5}, 400),
        ({"name": "a\0"}, 400),
        ({"name": "x", "description": 5}, 400),
        ({"name": "x", "options": {"x": 1}}, 400),
        ({"name": "x", "options": {"immutable": "yes"}}, 400),
        ({"name": "x", "more": "x" * 70_000}, 400),
    ],
    ids=lambda value: str(value)[:40],
)
def test_only_a_valid_role_is_created(admin: Admin, values: dict[str, Any], status: int) -> None:
    admin.create_role()
    response = admin.send("POST", "/roles", {"role": values})
    assert response.status_code == status, response.text


def test_role_is_updated_in_the_attributes_that_are_sent(admin: Admin) -> None:
    role_id = admin.create_role(description="reads", x=1)
    changed = admin.send("PATCH", f"/roles/{role_id}", {"role": {"name": "reviewer", "y": 2}})
    assert changed.status_code == 200, changed.text
    shown = admin.get(f"/roles/{role_id}")["role"]
    assert shown == changed.json()["role"]
    assert (shown["name"], shown["description"], shown["x"], shown["y"]) == (
        *("reviewer", "reads", 1, 2),
    )
    cleared = admin.send("PATCH", f"/roles/{role_id}", {"role": {"description": None}})
    assert cleared.json()["role"]["description"] is None


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, 400),
        ({"name": ""}, 400),
        ({"id": "other"}, 400),
        ({"domain_id": DOMAIN_ID}, 400),
        ({"domain_id": None}, 200),
        ({"name": "Member"}, 409),
        ({"name": "AUDITOR"}, 200),
    ],
    ids=str,
)
def test_only_a_valid_update_of_a_role_is_made(
    admin: Admin, values: dict[str, Any], status: int
) -> None:
    role_id = admin.create_role()
    response = admin.send("PATCH", f"/roles/{role_id}", {"role": values})
    assert response.status_code == status, response.text


def test_immutable_role_is_changed_after_it_is_made_mutable(admin: Admin) -> None:
    path = f"/roles/{admin.create_role(options={'immutable': True})}"
    both = {"options": {"immutable": False}, "name": "x"}
    for values in ({"name": "x"}, {"options": {"immutable": True}}, both):
        assert admin.send("PATCH", path, {"role": values}).status_code == 403
    assert admin.send("DELETE", path).status_code == 403
    made = admin.send("PATCH", path, {"role": {"options": {"immutable": None}}})
    assert made.json()["role"]["options"] == {}
    assert admin.send("DELETE", path).status_code == 204


@pytest.mark.parametrize("values", [{"name": "x"}, {"options": {"immutable": False}}], ids=str)
def test_standard_roles_cannot_be_changed(admin: Admin, values: dict[str, Any]) -> None:
    assert admin.send("PATCH", f"/roles/{ADMIN}", {"role": values}).status_code == 403
    assert admin.send("DELETE", f"/roles/{MEMBER}").status_code == 403


def test_renamed_role_keeps_its_assignments_in_the_identity_file(admin: Admin) -> None:
    role_id, demo = admin.create_role(), admin.user_id("demo")

    def assign_by_name(document: dict[str, Any], _: object) -> None:
        user = next(each for each in document["users"] if each["id"] == demo)
        user["roles"]["demo"] = ["auditor"]
        user["system_roles"] = ["auditor"]
        document["implied_roles"] = [{"prior_role": "auditor", "implied_role": "member"}]

    admin.cloud.identity.identity_file.change(assign_by_name)
    token = admin.cloud.token()
    admin.send("PATCH", f"/roles/{role_id}", {"role": {"name": "reviewer"}})
    shown = admin.cloud.send("GET", "/auth/tokens", token, headers={"X-Subject-Token": token})
    roles = {role["name"] for role in shown.json()["token"]["roles"]}
    assert roles == {"reviewer", "member", "reader"}
    assert "auditor" not in names(admin)


def test_deleted_role_ends_tokens_that_have_no_other(admin: Admin) -> None:
    role_id, demo = admin.create_role(), admin.user_id("demo")
    alone = f"projects/{admin.project_id('alt')}"
    admin.assign(alone, demo, role_id)
    admin.assign(f"projects/{admin.project_id('demo')}", demo, role_id)
    scope = {"project": {"name": "alt", "domain": {"id": "default"}}}
    ended = admin.cloud.login(scope=scope).headers["X-Subject-Token"]
    kept = admin.cloud.token()
    assert admin.send("DELETE", f"/roles/{role_id}").status_code == 204
    assert admin.cloud.send("GET", "/auth/projects", ended).status_code == 401
    assert admin.cloud.send("GET", "/auth/projects", kept).status_code == 200
    assert admin.get(f"/role_assignments?role.id={role_id}")["role_assignments"] == []
    for method in ("GET", "PATCH", "DELETE"):
        gone = admin.send(method, f"/roles/{role_id}", {"role": {"name": "x"}})
        assert (gone.status_code, message_of(gone)) == (404, f"Could not find role: {role_id}.")


def test_others_learn_only_which_roles_exist(admin: Admin) -> None:
    token = admin.cloud.token()
    statuses = {
        (method, path): admin.cloud.send(method, path, token, json={"role": {"name": "x"}})
        for method, path in (
            *(("GET", "/roles"), ("POST", "/roles"), ("GET", f"/roles/{READER}")),
            *(("PATCH", f"/roles/{READER}"), ("DELETE", f"/roles/{READER}")),
        )
    }
    assert {response.status_code for response in statuses.values()} == {403}
    assert admin.cloud.send("GET", "/roles/nothing", token).status_code == 404
