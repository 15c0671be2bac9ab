"""The Identity API over HTTP: discovery, tokens, and rules for all paths."""

import json

import pytest
import requests
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from tests.identity.cloud import Cloud, message_of

pytestmark = pytest.mark.usefixtures("quick_hashes")


def test_discovery_offers_version_3(cloud: Cloud) -> None:
    response = requests.get(f"{cloud.base_url}/identity", timeout=20, allow_redirects=False)
    assert response.status_code == 300
    assert response.headers["Location"] == f"{cloud.url}/"
    (version,) = response.json()["versions"]["values"]
    assert version["links"] == [{"rel": "self", "href": f"{cloud.url}/"}]
    for path in ("", "/"):
        response = requests.get(cloud.url + path, timeout=20)
        assert (response.status_code, response.json()) == (200, {"version": version})


def test_trailing_slashes_are_ignored(cloud: Cloud) -> None:
    token = cloud.token()
    for path in ("/auth/projects", "/auth/catalog", "/regions"):
        plain, more = (cloud.send("GET", path + end, token) for end in ("", "//"))
        assert (more.status_code, more.json()) == (200, plain.json())


def test_catalog_has_the_url_that_the_client_used(cloud: Cloud) -> None:
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
    response = cloud.send("GET", "/auth/catalog", cloud.token())
    assert response.json()["catalog"] == catalog


def test_nocatalog_omits_the_catalog(cloud: Cloud) -> None:
    token = cloud.token()
    response = cloud.send(
        "GET", "/auth/tokens?nocatalog", token, headers={"X-Subject-Token": token}
    )
    assert "catalog" not in response.json()["token"]
    assert "catalog" in cloud.login().json()["token"]


def test_token_is_shown_checked_and_revoked(cloud: Cloud) -> None:
    token = cloud.token()
    subject = {"X-Subject-Token": token}
    shown = cloud.send("GET", "/auth/tokens", token, headers=subject)
    assert shown.status_code == 200
    assert shown.headers["X-Subject-Token"] == token
    assert cloud.send("HEAD", "/auth/tokens", token, headers=subject).status_code == 200
    assert cloud.send("DELETE", "/auth/tokens", token, headers=subject).status_code == 204
    assert cloud.send("GET", "/auth/tokens", token, headers=subject).status_code == 401
    admin = cloud.token("admin")
    response = cloud.send("GET", "/auth/tokens", admin, headers=subject)
    assert (response.status_code, message_of(response)) == (404, "Could not find token.")


def test_expired_token_is_shown_with_allow_expired_only(cloud: Cloud) -> None:
    old = cloud.token()
    cloud.clock.now += 4000
    admin, subject = cloud.token("admin"), {"X-Subject-Token": old}
    statuses = {
        query: cloud.send("GET", f"/auth/tokens{query}", admin, headers=subject).status_code
        for query in ("", "?allow_expired=false", "?allow_expired=true", "?allow_expired=1")
    }
    repeated = "/auth/tokens?allow_expired=0&allow_expired=1"
    assert cloud.send("GET", repeated, admin, headers=subject).status_code == 404
    assert statuses == {
        "": 404,
        "?allow_expired=false": 404,
        "?allow_expired=true": 200,
        "?allow_expired=1": 200,
    }


def test_only_an_admin_sees_tokens_of_others(cloud: Cloud) -> None:
    demo, alt, admin = cloud.token("demo"), cloud.token("alt"), cloud.token("admin")
    for method in ("GET", "DELETE"):
        response = cloud.send(method, "/auth/tokens", alt, headers={"X-Subject-Token": demo})
        assert response.status_code == 403, response.text
    shown = cloud.send("GET", "/auth/tokens", admin, headers={"X-Subject-Token": demo})
    assert shown.json()["token"]["user"]["name"] == "demo"


@pytest.mark.parametrize("path", ["/", "/nothing", "/users", "/auth/nothing", "/auth/tokens"])
def test_unknown_path_is_a_404_fault(cloud: Cloud, path: str) -> None:
    response = requests.get(f"{cloud.url}/x{path}", timeout=20)
    assert response.status_code == 404
    assert message_of(response)


@pytest.mark.parametrize(
    "path", ["/auth/projects", "/auth/catalog", "/auth/domains", "/auth/system", "/auth/tokens"]
)
@pytest.mark.parametrize("token", ["", "nonsense", "a.b", "\xe9" * 50])
def test_request_without_a_valid_token_gets_a_challenge(
    cloud: Cloud, path: str, token: str
) -> None:
    response = cloud.send("GET", path, token)
    assert response.status_code == 401, response.text
    assert "WWW-Authenticate" in response.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_request_without_a_subject_token_is_refused(cloud: Cloud, method: str) -> None:
    statuses = [
        cloud.send(method, "/auth/tokens", cloud.token(user), headers=headers).status_code
        for user in ("demo", "admin")
        for headers in ({}, {"X-Subject-Token": ""}, {"X-Subject-Token": "nonsense"})
    ]
    assert statuses == [403, 404, 404, 404, 404, 404]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/vnd.example+JSON", 201),
        (None, 201),
        ("", 201),
        ("text/plain", 400),
        ("text/json", 400),
        ("application/jsonx", 400),
        ("application/x-www-form-urlencoded", 400),
    ],
)
def test_login_has_to_be_sent_as_json(cloud: Cloud, content_type: str | None, status: int) -> None:
    user = {"name": "demo", "domain": {"id": "default"}, "password": cloud.password("demo")}
    auth = {"identity": {"methods": ["password"], "password": {"user": user}}}
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = requests.post(
        f"{cloud.url}/auth/tokens", json.dumps({"auth": auth}), headers=headers, timeout=20
    )
    assert response.status_code == status, response.text


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


def test_unknown_method_gets_the_allowed_ones(cloud: Cloud) -> None:
    response = requests.put(f"{cloud.url}/auth/tokens", timeout=20)
    assert (response.status_code, response.headers["Allow"]) == (
        405,
        "DELETE, GET, HEAD, OPTIONS, POST",
    )
    assert message_of(response)
