"""Application credentials with access rules: tokens of them do only what these allow."""

from typing import Any

import pytest
import requests

from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.embedded import limits
from glimpse.identity.service import Unauthorized
from tests.identity.cloud import Cloud, message_of

pytestmark = pytest.mark.usefixtures("quick_hashes")

IMAGES: dict[str, Any] = {"service": "compute", "method": "GET", "path": "/v2.1/images/**"}
PROJECTS: dict[str, Any] = {"service": "identity", "method": "GET", "path": "/v3/auth/projects"}


def rules_path(cloud: Cloud, user: str = "demo") -> str:
    return cloud.credentials_path(user).replace("application_credentials", "access_rules")


def create(cloud: Cloud, *rules: object, name: str = "robot") -> dict[str, Any]:
    response = cloud.create_credential(cloud.token(), name=name, access_rules=list(rules))
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()["application_credential"]
    return made


def listed(cloud: Cloud, query: str = "") -> list[dict[str, Any]]:
    response = cloud.send("GET", rules_path(cloud) + query, cloud.token())
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["access_rules"]
    return found


def log_in(cloud: Cloud, credential: dict[str, Any]) -> requests.Response:
    proof = {key: credential[key] for key in ("id", "secret")}
    identity = {"methods": ["application_credential"], "application_credential": proof}
    response = cloud.post({"auth": {"identity": identity}})
    assert response.status_code == 201, response.text
    return response


def test_rules_are_shown_with_the_credential_and_its_tokens(cloud: Cloud) -> None:
    made = create(cloud, IMAGES)
    (rule,) = made["access_rules"]
    assert rule == IMAGES | {"id": rule["id"]}
    (shown,) = cloud.list_credentials(cloud.token())
    assert shown["access_rules"] == [rule]
    response = log_in(cloud, made)
    document = response.json()["token"]["application_credential"]
    assert document["access_rules"] == [rule]


def test_credential_without_rules_has_no_member_for_them(cloud: Cloud) -> None:
    assert "access_rules" not in create(cloud)
    assert "access_rules" not in log_in(cloud, create(cloud, name="other")).json()["token"]


def test_token_may_be_used_for_what_a_rule_allows_only(cloud: Cloud) -> None:
    token = log_in(cloud, create(cloud, IMAGES, PROJECTS)).headers["X-Subject-Token"]
    assert cloud.send("GET", "/auth/projects", token).status_code == 200
    assert cloud.send("GET", "/auth/projects/", token).status_code == 200
    for method, path in (("HEAD", "/auth/projects"), ("GET", "/auth/catalog"), ("GET", "/regions")):
        assert cloud.send(method, path, token).status_code == 401, (method, path)


def test_token_may_validate_itself_and_be_validated(cloud: Cloud) -> None:
    token = log_in(cloud, create(cloud, IMAGES)).headers["X-Subject-Token"]
    subject = {"headers": {"X-Subject-Token": token}}
    assert cloud.send("GET", "/auth/tokens", token, **subject).status_code == 200
    assert cloud.send("GET", "/auth/tokens", cloud.token("admin"), **subject).status_code == 200
    assert cloud.send("DELETE", "/auth/tokens", token, **subject).status_code == 401


async def test_other_apis_check_the_rules_for_each_request(cloud: Cloud) -> None:
    token = log_in(cloud, create(cloud, IMAGES)).headers["X-Subject-Token"]
    allowed = RequestTarget("compute", "GET", "/v2.1/images/detail")
    for _ in range(2):  # the second time, the caller could be cached
        caller = await cloud.identity.authenticate(token, None, allowed)
        assert caller.user_name == "demo"
        for target in (
            allowed._replace(method="DELETE"),
            allowed._replace(service="image"),
            allowed._replace(path="/v2.1/servers"),
            None,
        ):
            with pytest.raises(Unauthorized):
                await cloud.identity.authenticate(token, None, target)


async def test_rules_are_not_checked_beside_the_token_of_a_service(cloud: Cloud) -> None:
    token = log_in(cloud, create(cloud, IMAGES)).headers["X-Subject-Token"]

    def make_service(document: dict[str, Any], _: object) -> None:
        (alt,) = (each for each in document["users"] if each["name"] == "alt")
        alt["roles"] = {"alt": ["service"]}

    cloud.identity.identity_file.change(make_service)
    service = cloud.token("alt")
    target = RequestTarget("image", "GET", "/v2/images")
    caller = await cloud.identity.authenticate(token, service, target)
    assert caller.user_name == "demo"
    with pytest.raises(Unauthorized):
        await cloud.identity.authenticate(token, cloud.token("admin"), target)


def test_equal_rules_of_a_user_are_the_same(cloud: Cloud) -> None:
    (first,) = create(cloud, IMAGES)["access_rules"]
    second = create(cloud, IMAGES, IMAGES, PROJECTS, name="second")["access_rules"]
    assert second[0] == first
    third = create(cloud, {"id": first["id"]}, name="third")["access_rules"]
    assert third == [first]
    assert {each["id"] for each in listed(cloud)} == {each["id"] for each in second}


def test_rules_are_listed_filtered_and_shown(cloud: Cloud) -> None:
    create(cloud, IMAGES, PROJECTS)
    (rule,) = listed(cloud, "?service=identity&path__startswith=/v3")
    link = f"{rules_path(cloud)}/{rule['id']}"
    assert rule == PROJECTS | {"id": rule["id"], "links": {"self": cloud.url + link}}
    shown = cloud.send("GET", link, cloud.token())
    assert shown.json() == {"access_rule": rule}
    assert listed(cloud, "?method=PUT") == []


def test_rule_outlives_its_credential_and_is_deleted_afterwards(cloud: Cloud) -> None:
    made = create(cloud, IMAGES)
    path, token = f"{rules_path(cloud)}/{made['access_rules'][0]['id']}", cloud.token()
    response = cloud.send("DELETE", path, token)
    assert (response.status_code, message_of(response)) == (
        403,
        "May not delete access rule in use",
    )
    cloud.send("DELETE", f"{cloud.credentials_path()}/{made['id']}", token)
    assert cloud.send("GET", path, token).status_code == 200
    assert cloud.send("DELETE", path, token).status_code == 204
    assert cloud.send("GET", path, token).status_code == 404
    assert cloud.send("DELETE", path, token).status_code == 404


@pytest.mark.parametrize(
    "rules",
    [
        *(None, "x", {}, [[]], [{}], [1], [{"id": "unknown"}], [{"id": 1}], [IMAGES] * 101),
        *([IMAGES | {"method": method}] for method in ("OPTIONS", "get", "", None)),
        *([IMAGES | {"path": path}] for path in ("", "v2.1", "/" + "x" * 128, "/a\0b", 1)),
        *([IMAGES | {"service": service}] for service in ("", "a b", "x" * 65, 1)),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_invalid_rules_are_bad_requests(cloud: Cloud, rules: object) -> None:
    response = cloud.create_credential(cloud.token(), access_rules=rules)
    assert response.status_code == 400, response.text
    assert message_of(response)
    assert listed(cloud) == []


def test_rules_of_others_are_neither_used_nor_seen(cloud: Cloud) -> None:
    rule_id = create(cloud, IMAGES)["access_rules"][0]["id"]
    alt = cloud.token("alt")
    document = {"application_credential": {"name": "a", "access_rules": [{"id": rule_id}]}}
    response = cloud.send("POST", cloud.credentials_path("alt"), alt, json=document)
    assert response.status_code == 400
    assert cloud.send("GET", f"{rules_path(cloud, 'alt')}/{rule_id}", alt).status_code == 404
    for token in (alt, cloud.token("admin")):  # an admin needs a token for the system
        for method, path in (
            ("GET", rules_path(cloud)),
            ("GET", f"{rules_path(cloud)}/{rule_id}"),
            ("DELETE", f"{rules_path(cloud)}/{rule_id}"),
            ("GET", "/users/nobody/access_rules"),
        ):
            assert cloud.send(method, path, token).status_code == 403, (method, path)


def test_admin_of_the_system_sees_and_deletes_rules(cloud: Cloud) -> None:
    made = create(cloud, IMAGES)
    response = cloud.login("admin", scope={"system": {"all": True}})
    token, path = response.headers["X-Subject-Token"], rules_path(cloud)
    (rule,) = cloud.send("GET", path, token).json()["access_rules"]
    cloud.send("DELETE", f"{cloud.credentials_path()}/{made['id']}", cloud.token())
    assert cloud.send("DELETE", f"{path}/{rule['id']}", token).status_code == 204


def test_number_of_rules_of_a_user_is_bounded(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_ACCESS_RULES_OF_USER", 2)
    create(cloud, IMAGES, PROJECTS)
    create(cloud, IMAGES, name="second")
    more = [IMAGES | {"path": "/other"}]
    response = cloud.create_credential(cloud.token(), name="third", access_rules=more)
    assert response.status_code == 403
    assert len(cloud.list_credentials(cloud.token())) == 2


def test_deleted_user_leaves_no_rules(cloud: Cloud) -> None:
    create(cloud, IMAGES)
    user = cloud.directory.user(name="demo")
    assert user is not None
    assert cloud.send("DELETE", f"/users/{user.id}", cloud.token("admin")).status_code == 204
    assert cloud.directory.access_rules == {}
    assert cloud.directory.invalid_entries == {}


def test_credential_whose_rule_was_removed_from_the_file_is_invalid(cloud: Cloud) -> None:
    made = create(cloud, IMAGES)
    token = log_in(cloud, made).headers["X-Subject-Token"]
    cloud.identity.identity_file.change(lambda document, _: document["access_rules"].clear())
    assert made["id"] in cloud.directory.invalid_entries
    assert cloud.send("GET", "/auth/tokens", token).status_code == 401
