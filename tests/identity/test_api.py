"""The Identity API over a real socket: what clients send, what they get."""

import time
from typing import Any

import pytest
import requests
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from tests.identity.conftest import Cloud

DOMAINS = [{"id": "default"}, {"name": "Default"}, {"name": "default"}]


def message_of(answer: requests.Response) -> str:
    error = answer.json()["error"]
    assert set(error) == {"code", "title", "message"}
    assert error["code"] == answer.status_code
    return str(error["message"])


def by_password(user: dict[str, Any], **scope: Any) -> dict[str, Any]:
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}} | scope}


def test_discovery_offers_version_3(cloud: Cloud) -> None:
    answer = requests.get(f"{cloud.base_url}/identity", timeout=20, allow_redirects=False)
    assert answer.status_code == 300
    assert answer.headers["Location"] == f"{cloud.url}/"
    (version,) = answer.json()["versions"]["values"]
    assert version["links"] == [{"rel": "self", "href": f"{cloud.url}/"}]
    for path in ("", "/"):
        answer = requests.get(cloud.url + path, timeout=20)
        assert (answer.status_code, answer.json()) == (200, {"version": version})


def test_a_slash_at_the_end_of_a_path_does_not_matter(cloud: Cloud) -> None:
    token = cloud.token()
    for path in ("/auth/projects", "/auth/catalog", "/regions"):
        plain, more = (cloud.ask("GET", path + end, token) for end in ("", "//"))
        assert (more.status_code, more.json()) == (200, plain.json())


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_user_logs_in_by_name_and_domain(cloud: Cloud, domain: dict[str, str]) -> None:
    user = {"name": "demo", "domain": domain, "password": cloud.password("demo")}
    scope = {"project": {"name": "demo", "domain": domain}}
    answer = cloud.post(by_password(user, scope=scope))
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    assert token["methods"] == ["password"]
    assert token["user"]["name"] == "demo"
    assert token["user"]["domain"] == {"id": "default", "name": "Default"}
    assert token["user"]["password_expires_at"] is None
    assert token["project"]["name"] == "demo"
    assert {role["name"] for role in token["roles"]} == {"member", "reader"}
    assert token["is_domain"] is False
    assert len(token["audit_ids"]) == 1
    assert token["issued_at"] < token["expires_at"]


def test_a_user_logs_in_by_ids(cloud: Cloud) -> None:
    user, project = cloud.directory.user(name="alt"), cloud.directory.project(name="alt")
    assert user is not None
    assert project is not None
    answer = cloud.post(
        by_password(
            {"id": user.id, "password": user.password}, scope={"project": {"id": project.id}}
        )
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["token"]["project"]["id"] == project.id


def test_the_catalog_names_this_process_as_the_client_reached_it(cloud: Cloud) -> None:
    catalog = cloud.login().json()["token"]["catalog"]
    urls = {
        (entry["type"], endpoint["interface"]): endpoint["url"]
        for entry in catalog
        for endpoint in entry["endpoints"]
        if endpoint["region"] == endpoint["region_id"] == "RegionOne"
    }
    paths = {"compute": "/v2.1", "image": "/image/v2", "identity": "/identity/v3"}
    interfaces = ("public", "internal", "admin")
    assert urls == {
        (kind, interface): cloud.base_url + path
        for kind, path in paths.items()
        for interface in interfaces
    }
    answer = cloud.ask("GET", "/auth/catalog", cloud.token())
    assert answer.json()["catalog"] == catalog


def test_nocatalog_leaves_the_catalog_out(cloud: Cloud) -> None:
    token = cloud.token()
    answer = cloud.ask("GET", "/auth/tokens?nocatalog", token, headers={"X-Subject-Token": token})
    assert "catalog" not in answer.json()["token"]
    assert "catalog" in cloud.login().json()["token"]


@pytest.mark.parametrize("scope", [{"scope": "unscoped"}, {"scope": {"unscoped": {}}}])
def test_an_unscoped_token_has_no_project_and_finds_projects(
    cloud: Cloud, scope: dict[str, Any]
) -> None:
    answer = cloud.login(**scope)
    assert answer.status_code == 201, answer.text
    assert not {"project", "roles", "catalog"} & set(answer.json()["token"])
    token = answer.headers["X-Subject-Token"]
    projects = cloud.ask("GET", "/auth/projects", token).json()["projects"]
    assert [project["name"] for project in projects] == ["demo"]
    assert cloud.ask("GET", "/auth/catalog", token).status_code == 403


def test_a_token_buys_a_token_of_another_scope_that_lives_no_longer(cloud: Cloud) -> None:
    first = cloud.login(scope="unscoped")
    identity = {"methods": ["token"], "token": {"id": first.headers["X-Subject-Token"]}}
    scope = {"project": {"name": "demo", "domain": {"id": "default"}}}
    answer = cloud.post({"auth": {"identity": identity, "scope": scope}})
    assert answer.status_code == 201, answer.text
    old, new = first.json()["token"], answer.json()["token"]
    assert new["expires_at"] == old["expires_at"]
    assert new["audit_ids"][1:] == old["audit_ids"]
    assert set(new["methods"]) == {"password", "token"}


def test_a_token_is_shown_checked_and_revoked(cloud: Cloud) -> None:
    token = cloud.token()
    subject = {"X-Subject-Token": token}
    shown = cloud.ask("GET", "/auth/tokens", token, headers=subject)
    assert shown.status_code == 200
    assert shown.headers["X-Subject-Token"] == token
    assert cloud.ask("HEAD", "/auth/tokens", token, headers=subject).status_code == 200
    assert cloud.ask("DELETE", "/auth/tokens", token, headers=subject).status_code == 204
    assert cloud.ask("GET", "/auth/tokens", token, headers=subject).status_code == 401
    admin = cloud.token("admin")
    answer = cloud.ask("GET", "/auth/tokens", admin, headers=subject)
    assert (answer.status_code, message_of(answer)) == (404, "Could not find token.")


def test_an_expired_token_is_shown_only_to_who_asks_for_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, now = cloud.token(), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 4000)
    admin, subject = cloud.token("admin"), {"X-Subject-Token": old}
    statuses = {
        query: cloud.ask("GET", f"/auth/tokens{query}", admin, headers=subject).status_code
        for query in ("", "?allow_expired=false", "?allow_expired=true", "?allow_expired=1")
    }
    assert statuses == {
        "": 404,
        "?allow_expired=false": 404,
        "?allow_expired=true": 200,
        "?allow_expired=1": 200,
    }


def test_only_an_admin_sees_the_tokens_of_others(cloud: Cloud) -> None:
    demo, alt, admin = cloud.token("demo"), cloud.token("alt"), cloud.token("admin")
    for method in ("GET", "DELETE"):
        answer = cloud.ask(method, "/auth/tokens", alt, headers={"X-Subject-Token": demo})
        assert answer.status_code == 403, answer.text
    shown = cloud.ask("GET", "/auth/tokens", admin, headers={"X-Subject-Token": demo})
    assert shown.json()["token"]["user"]["name"] == "demo"


def test_every_failed_login_gets_the_same_answer(cloud: Cloud) -> None:
    domain = {"id": "default"}
    right = cloud.password("demo")
    wrong = [
        by_password({"name": "demo", "domain": domain, "password": "wrong"}),
        by_password({"name": "demo", "domain": domain}),
        by_password({"name": "nobody", "domain": domain, "password": "wrong"}),
        by_password({"id": "nobody", "password": "wrong"}),
        by_password({"name": "demo", "domain": {"name": "Other"}, "password": right}),
        {"auth": {"identity": {"methods": ["token"], "token": {"id": "x.y"}}}},
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
        answer = cloud.post(document)
        assert answer.status_code == 401, document
        assert message_of(answer) == "The request you have made requires authentication."
        assert answer.headers["WWW-Authenticate"] == f'Keystone uri="{cloud.url}"'


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
def test_a_malformed_login_is_a_bad_request(cloud: Cloud, body: bytes) -> None:
    answer = requests.post(f"{cloud.url}/auth/tokens", data=body, timeout=20)
    assert answer.status_code == 400, answer.text
    assert message_of(answer)


def test_a_huge_login_is_refused(cloud: Cloud) -> None:
    answer = requests.post(f"{cloud.url}/auth/tokens", data=b" " * 200_000, timeout=20)
    assert answer.status_code == 413
    assert message_of(answer)


@pytest.mark.parametrize("path", ["/", "/nothing", "/users", "/auth/nothing", "/auth/tokens"])
def test_what_is_not_here_is_a_404_in_the_identity_apis_words(cloud: Cloud, path: str) -> None:
    answer = requests.get(f"{cloud.url}/x{path}", timeout=20)
    assert answer.status_code == 404
    assert message_of(answer)


@pytest.mark.parametrize(
    "path", ["/auth/projects", "/auth/catalog", "/auth/domains", "/auth/system", "/auth/tokens"]
)
@pytest.mark.parametrize("token", ["", "nonsense", "a.b", "\xe9" * 50])
def test_without_a_valid_token_nothing_is_shown(cloud: Cloud, path: str, token: str) -> None:
    answer = cloud.ask("GET", path, token)
    assert answer.status_code == 401, answer.text
    assert "WWW-Authenticate" in answer.headers


def test_keystoneauth_finds_projects_and_endpoints(cloud: Cloud) -> None:
    auth = v3.Password(
        auth_url=f"{cloud.base_url}/identity",
        username="demo",
        password=cloud.password("demo"),
        user_domain_name="Default",
        project_name="demo",
        project_domain_id="default",
    )
    session = keystone_session.Session(auth=auth)
    project = cloud.directory.project(name="demo")
    assert project is not None
    assert session.get_project_id() == project.id
    assert session.get_endpoint(service_type="compute") == f"{cloud.base_url}/v2.1"
    assert session.get_endpoint(service_type="image") == f"{cloud.base_url}/image/v2"
    assert session.get("/auth/projects", endpoint_filter={"service_type": "identity"}).ok
    assert auth.get_access(session).will_expire_soon() is False
    assert session.invalidate() is True
    assert session.get_token()


def credential_of(cloud: Cloud, token: str, **more: Any) -> dict[str, Any]:
    path = f"/users/{user_id(cloud)}/application_credentials"
    wanted = {"application_credential": {"name": "robot"} | more}
    answer = cloud.ask("POST", path, token, json=wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["application_credential"]
    return made


def user_id(cloud: Cloud, name: str = "demo") -> str:
    user = cloud.directory.user(name=name)
    assert user is not None
    return user.id


def test_an_application_credential_logs_in_by_id_and_by_name(cloud: Cloud) -> None:
    made = credential_of(cloud, cloud.token(), roles=[{"name": "reader"}])
    secret = made["secret"]
    plugins = [
        v3.ApplicationCredential(cloud.url, secret, application_credential_id=made["id"]),
        v3.ApplicationCredential(
            cloud.url,
            secret,
            application_credential_name="robot",
            username="demo",
            user_domain_name="Default",
        ),
    ]
    for plugin in plugins:
        access = plugin.get_access(keystone_session.Session())
        assert access.project_id == made["project_id"]
        assert access.role_names == ["reader"]


def test_an_application_credential_is_listed_without_its_secret_and_deleted(cloud: Cloud) -> None:
    token = cloud.token()
    made = credential_of(cloud, token)
    path = f"/users/{user_id(cloud)}/application_credentials"
    for document in (
        cloud.ask("GET", path, token).json()["application_credentials"][0],
        cloud.ask("GET", f"{path}/{made['id']}", token).json()["application_credential"],
    ):
        assert document == {key: made[key] for key in made if key != "secret"}
    plugin = v3.ApplicationCredential(
        cloud.url, made["secret"], application_credential_id=made["id"]
    )
    its_token = plugin.get_token(keystone_session.Session()) or ""
    assert cloud.ask("GET", "/auth/projects", its_token).status_code == 200
    assert cloud.ask("DELETE", f"{path}/{made['id']}", its_token).status_code == 403
    assert cloud.ask("DELETE", f"{path}/{made['id']}", token).status_code == 204
    assert cloud.ask("GET", f"{path}/{made['id']}", token).status_code == 404
    assert cloud.ask("GET", "/auth/projects", its_token).status_code == 401


def test_a_name_of_an_application_credential_is_given_once(cloud: Cloud) -> None:
    token = cloud.token()
    credential_of(cloud, token)
    path = f"/users/{user_id(cloud)}/application_credentials"
    again = cloud.ask("POST", path, token, json={"application_credential": {"name": "robot"}})
    assert again.status_code == 409, again.text
    assert message_of(again)


def test_a_token_of_an_application_credential_buys_no_other(cloud: Cloud) -> None:
    made = credential_of(cloud, cloud.token())
    plugin = v3.ApplicationCredential(
        cloud.url, made["secret"], application_credential_id=made["id"]
    )
    token = plugin.get_token(keystone_session.Session())
    answer = cloud.post({"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}})
    assert answer.status_code == 401, answer.text


def test_an_unknown_method_is_told_what_is_allowed(cloud: Cloud) -> None:
    answer = requests.put(f"{cloud.url}/auth/tokens", timeout=20)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD, POST")
    assert message_of(answer)


def test_application_credentials_of_others_are_out_of_reach(cloud: Cloud) -> None:
    made = credential_of(cloud, cloud.token())
    alt, path = cloud.token("alt"), f"/users/{user_id(cloud)}/application_credentials"
    assert cloud.ask("GET", path, alt).status_code == 403
    assert cloud.ask("DELETE", f"{path}/{made['id']}", alt).status_code == 403
    body = {"application_credential": {"name": "mine"}}
    assert cloud.ask("POST", path, alt, json=body).status_code == 403


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"name": ""},
        {"name": 1},
        {"name": "x" * 256},
        {"name": "a", "roles": [{"name": "admin"}]},
        {"name": "a", "roles": 5},
        {"name": "a", "expires_at": "soon"},
        {"name": "a", "expires_at": "2020-01-01T00:00:00"},
        {"name": "a", "unrestricted": "yes"},
        {"name": "a", "secret": 1},
        {"name": "a", "access_rules": [{"path": "/"}]},
    ],
)
def test_a_wrong_application_credential_is_a_bad_request(
    cloud: Cloud, wanted: dict[str, Any]
) -> None:
    path = f"/users/{user_id(cloud)}/application_credentials"
    answer = cloud.ask("POST", path, cloud.token(), json={"application_credential": wanted})
    assert answer.status_code == 400, answer.text
    assert message_of(answer)


def test_a_token_never_outlives_its_application_credential(cloud: Cloud) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 600))
    made = credential_of(cloud, cloud.token(), expires_at=soon)
    assert made["expires_at"] == f"{soon}.000000"
    plugin = v3.ApplicationCredential(
        cloud.url, made["secret"], application_credential_id=made["id"]
    )
    access = plugin.get_access(keystone_session.Session())
    assert f"{access.expires:%Y-%m-%dT%H:%M:%S}" == soon
