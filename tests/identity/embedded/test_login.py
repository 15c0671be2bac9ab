"""Logins to the Identity API by password and by token, with each scope."""

from typing import Any

import pytest
import requests

from tests.identity.cloud import Cloud, message_of
from tests.support.parameter_ids import parameter_id

pytestmark = pytest.mark.usefixtures("quick_hashes")

DOMAINS = [{"id": "default"}, {"name": "Default"}, {"name": "default"}]


def by_password(user: dict[str, Any], **scope: Any) -> dict[str, Any]:
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}} | scope}


@pytest.mark.parametrize("domain", DOMAINS)
def test_user_logs_in_by_name_and_domain(cloud: Cloud, domain: dict[str, str]) -> None:
    user = {"name": "demo", "domain": domain, "password": cloud.password("demo")}
    scope = {"project": {"name": "demo", "domain": domain}}
    response = cloud.post(by_password(user, scope=scope))
    assert response.status_code == 201, response.text
    token = response.json()["token"]
    assert token["methods"] == ["password"]
    assert token["user"]["name"] == "demo"
    assert token["user"]["domain"] == {"id": "default", "name": "Default"}
    assert token["user"]["password_expires_at"] is None
    assert token["project"]["name"] == "demo"
    assert {role["name"] for role in token["roles"]} == {"member", "reader"}
    assert token["is_domain"] is False
    assert len(token["audit_ids"]) == 1
    assert token["issued_at"] < token["expires_at"]


def test_user_logs_in_by_ids(cloud: Cloud) -> None:
    user, project = cloud.directory.user(name="alt"), cloud.directory.project(name="alt")
    assert user is not None
    assert project is not None
    response = cloud.post(
        by_password(
            {"id": user.id, "password": user.password}, scope={"project": {"id": project.id}}
        )
    )
    assert response.status_code == 201, response.text
    assert response.json()["token"]["project"]["id"] == project.id


@pytest.mark.parametrize(
    "scope", [{"scope": "unscoped"}, {"scope": {"unscoped": {}}}], ids=parameter_id
)
def test_unscoped_token_has_no_project_and_lists_projects(
    cloud: Cloud, scope: dict[str, Any]
) -> None:
    response = cloud.login(**scope)
    assert response.status_code == 201, response.text
    assert not {"project", "roles", "catalog"} & set(response.json()["token"])
    token = response.headers["X-Subject-Token"]
    projects = cloud.send("GET", "/auth/projects", token).json()["projects"]
    assert [project["name"] for project in projects] == ["demo"]
    assert cloud.send("GET", "/auth/catalog", token).status_code == 403


def test_token_login_changes_the_scope_and_keeps_the_expiry(cloud: Cloud) -> None:
    first = cloud.login(scope="unscoped")
    identity = {"methods": ["token"], "token": {"id": first.headers["X-Subject-Token"]}}
    scope = {"project": {"name": "demo", "domain": {"id": "default"}}}
    response = cloud.post({"auth": {"identity": identity, "scope": scope}})
    assert response.status_code == 201, response.text
    old, new = first.json()["token"], response.json()["token"]
    assert new["expires_at"] == old["expires_at"]
    assert new["audit_ids"][1:] == old["audit_ids"]
    assert set(new["methods"]) == {"password", "token"}


def test_login_with_a_token_that_is_not_valid_is_404(cloud: Cloud) -> None:
    revoked = cloud.token()
    cloud.send("DELETE", "/auth/tokens", revoked, headers={"X-Subject-Token": revoked})
    for token in ("x.y", revoked):
        identity = {"methods": ["token"], "token": {"id": token}}
        response = cloud.post({"auth": {"identity": identity}})
        assert response.status_code == 404, response.text
        assert message_of(response) == "Could not find token."


def test_all_failed_logins_get_the_same_response(cloud: Cloud) -> None:
    domain = {"id": "default"}
    right = cloud.password("demo")
    wrong = [
        by_password({"name": "demo", "domain": domain, "password": "wrong"}),
        by_password({"name": "demo", "domain": domain}),
        by_password({"name": "nobody", "domain": domain, "password": "wrong"}),
        by_password({"id": "nobody", "password": "wrong"}),
        by_password({"name": "demo", "domain": {"name": "Other"}, "password": right}),
        {"auth": {"identity": {"methods": ["totp"], "totp": {}}}},
        {"auth": {"identity": {"methods": []}}},
    ]
    wrong += [
        by_password({"name": "demo", "domain": domain, "password": right}, scope=scope)
        for scope in (
            {"project": {"name": "admin", "domain": domain}},
            {"project": {"id": "nowhere"}},
            {"project": {"name": "demo", "domain": {"id": "other"}}},
            {"domain": {"id": "default"}},
            {"system": {"all": True}},
        )
    ]
    for document in wrong:
        response = cloud.post(document)
        assert response.status_code == 401, document
        assert message_of(response) == "The request you have made requires authentication."
        assert response.headers["WWW-Authenticate"] == f'Keystone uri="{cloud.url}"'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"auth": 1}',
        b'{"auth": {"identity": {}}}',
        b'{"auth": {"identity": {"methods": "password"}}}',
        b'{"auth": {"identity": {"methods": ["password"]}}}',
        b'{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "a"}}}}}',
        b'{"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": 1}}}}}',
        b'{"auth": {"identity": {"methods": ["token"], "token": {"id": null}}}}',
        b'{"auth": {"identity": {"methods": []}, "scope": {"project": {}}}}',
        b'{"auth": {"identity": {"methods": []}, "scope": {}}}',
        b'{"auth": {"identity": {"methods": []}, "scope": {"tenant": {"name": "demo"}}}}',
        b'{"auth": {"identity": {"methods": ["token"], "token": {"id": "\\ud800"}}}}',
    ],
)
def test_malformed_login_is_a_bad_request(cloud: Cloud, body: bytes) -> None:
    response = requests.post(f"{cloud.url}/auth/tokens", data=body, timeout=20)
    assert response.status_code == 400, response.text
    assert message_of(response)


def test_login_body_beyond_the_bound_is_413(cloud: Cloud) -> None:
    response = requests.post(f"{cloud.url}/auth/tokens", data=b" " * 200_000, timeout=20)
    assert response.status_code == 413
    assert message_of(response)
