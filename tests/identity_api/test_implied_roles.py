"""Roles imply others, in tokens at once."""

import pytest

from tests.identity.cloud import Cloud
from tests.identity_api.admin import ADMIN, DOMAIN_ID, MANAGER, MEMBER, READER, Admin

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def admin(cloud: Cloud) -> Admin:
    return Admin(cloud)


def roles_of(cloud: Cloud, token: str) -> set[str]:
    response = cloud.send("GET", "/auth/tokens", token, headers={"X-Subject-Token": token})
    return {role["name"] for role in response.json()["token"]["roles"]}


def test_standard_roles_imply_each_other(admin: Admin) -> None:
    inferences = admin.get("/role_inferences")["role_inferences"]
    assert {
        each["prior_role"]["name"]: [role["name"] for role in each["implies"]]
        for each in inferences
    } == {"admin": ["manager"], "manager": ["member"], "member": ["reader"]}
    listed = admin.get(f"/roles/{ADMIN}/implies")["role_inference"]
    assert listed in inferences
    assert admin.get(f"/roles/{READER}/implies")["role_inference"]["implies"] == []


def test_implied_role_is_added_to_tokens_and_removed(admin: Admin) -> None:
    token, role_id = admin.cloud.token(), admin.create_role()
    path = f"/roles/{MEMBER}/implies/{role_id}"
    created = admin.send("PUT", path)
    assert created.status_code == 201, created.text
    assert admin.get(path) == created.json()
    inference = created.json()["role_inference"]
    assert inference["prior_role"]["name"] == "member"
    assert inference["implies"]["id"] == role_id
    assert admin.send("HEAD", path).status_code == 204
    assert admin.send("PUT", path).status_code == 409
    assert roles_of(admin.cloud, token) == {"member", "reader", "auditor"}
    assert admin.send("DELETE", path).status_code == 204
    assert roles_of(admin.cloud, token) == {"member", "reader"}
    for method in ("GET", "HEAD", "DELETE"):
        assert admin.send(method, path).status_code == 404


def test_immutable_role_may_imply_others_and_be_implied(admin: Admin) -> None:
    """As in Keystone, the option protects the attributes, but not the implications."""
    role_id = admin.create_role(options={"immutable": True})
    for path in (f"/roles/{role_id}/implies/{READER}", f"/roles/{MEMBER}/implies/{role_id}"):
        assert admin.send("PUT", path).status_code == 201
        assert admin.send("DELETE", path).status_code == 204


def test_role_of_a_domain_is_in_no_token_but_implies_others(admin: Admin) -> None:
    admin.add_domain()
    role_id = admin.create_role(domain_id="default")
    assert admin.send("PUT", f"/roles/{role_id}/implies/{READER}").status_code == 201
    project = f"projects/{admin.project_id('alt')}"
    admin.assign(project, admin.user_id("demo"), role_id)
    scope = {"project": {"name": "alt", "domain": {"id": "default"}}}
    response = admin.cloud.login(scope=scope)
    assert [role["name"] for role in response.json()["token"]["roles"]] == ["reader"]


def test_implications_that_would_be_unsafe_are_forbidden(admin: Admin) -> None:
    admin.add_domain()
    role_id, of_domain = admin.create_role(), admin.create_role(domain_id=DOMAIN_ID)
    for method, prior, implied in (
        ("PUT", role_id, ADMIN),
        ("PUT", role_id, of_domain),
        ("DELETE", MANAGER, MEMBER),
    ):
        response = admin.send(method, f"/roles/{prior}/implies/{implied}")
        assert response.status_code == 403, response.text


def test_unknown_roles_are_not_found(admin: Admin) -> None:
    for path in ("/roles/nothing/implies", f"/roles/{ADMIN}/implies/nothing"):
        assert admin.send("GET", path).status_code == 404
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert admin.send(method, f"/roles/nothing/implies/{ADMIN}").status_code == 404
    assert admin.send("GET", f"/roles/{ADMIN}/implies/{READER}").status_code == 404


def test_others_may_not_see_or_change_implications(admin: Admin) -> None:
    token = admin.cloud.token()
    one = f"/roles/{READER}/implies/{READER}"
    for method, path in (
        *(("GET", "/role_inferences"), ("GET", f"/roles/{ADMIN}/implies")),
        *((method, one) for method in ("GET", "HEAD", "PUT", "DELETE")),
    ):
        assert admin.cloud.send(method, path, token).status_code == 403
