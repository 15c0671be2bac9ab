"""Application credentials are created, used to log in, and deleted, over HTTP."""

import asyncio
import json
import time
from typing import Any

import pytest
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from glimpse.identity.embedded.application_credentials import ApplicationCredentials
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Assignment
from glimpse.identity.embedded.errors import Conflict
from glimpse.identity.embedded.role_assignments import RoleAssignments
from glimpse.identity.embedded.roles import Roles
from glimpse.identity.embedded.users import Users
from glimpse.identity.service import Unauthorized
from tests.identity.cloud import Cloud, message_of

pytestmark = pytest.mark.usefixtures("quick_hashes")


def credential_of(cloud: Cloud, token: str, **more: Any) -> dict[str, Any]:
    path = f"/users/{user_id(cloud)}/application_credentials"
    wanted = {"application_credential": {"name": "robot"} | more}
    response = cloud.send("POST", path, token, json=wanted)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()["application_credential"]
    return made


def user_id(cloud: Cloud, name: str = "demo") -> str:
    user = cloud.directory.user(name=name)
    assert user is not None
    return user.id


def test_application_credential_logs_in_by_id_and_by_name(cloud: Cloud) -> None:
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


def test_listed_application_credentials_have_each_name_of_the_query(cloud: Cloud) -> None:
    token = cloud.token()
    credential_of(cloud, token)
    path = f"/users/{user_id(cloud)}/application_credentials"
    found = {
        query: len(cloud.send("GET", path + query, token).json()["application_credentials"])
        for query in ("?name=robot", "?name=x", "?name=robot&name=x", "?name=x&name=robot")
    }
    assert [*found.values()] == [1, 0, 0, 0]


def test_application_credential_is_listed_without_secret_and_deleted(cloud: Cloud) -> None:
    token = cloud.token()
    made = credential_of(cloud, token)
    path = f"/users/{user_id(cloud)}/application_credentials"
    for document in (
        cloud.send("GET", path, token).json()["application_credentials"][0],
        cloud.send("GET", f"{path}/{made['id']}", token).json()["application_credential"],
    ):
        assert document == {key: made[key] for key in made if key != "secret"}
    plugin = v3.ApplicationCredential(
        cloud.url, made["secret"], application_credential_id=made["id"]
    )
    its_token = plugin.get_token(keystone_session.Session()) or ""
    assert cloud.send("GET", "/auth/projects", its_token).status_code == 200
    assert cloud.send("DELETE", f"{path}/{made['id']}", its_token).status_code == 403
    assert cloud.send("DELETE", f"{path}/{made['id']}", token).status_code == 204
    assert cloud.send("GET", f"{path}/{made['id']}", token).status_code == 404
    assert cloud.send("GET", "/auth/projects", its_token).status_code == 401


def test_second_application_credential_of_a_name_is_a_conflict(cloud: Cloud) -> None:
    token = cloud.token()
    credential_of(cloud, token)
    path = f"/users/{user_id(cloud)}/application_credentials"
    again = cloud.send("POST", path, token, json={"application_credential": {"name": "robot"}})
    assert again.status_code == 409, again.text
    assert message_of(again)


def test_name_of_a_credential_of_a_user_with_the_same_name_in_another_domain_is_free(
    cloud: Cloud,
) -> None:
    credential_of(cloud, cloud.token())

    def edit(document: dict[str, Any], _: Directory) -> None:
        document["application_credentials"][0]["user"] = "demo"  # as operators may write it
        document["domains"].append({"id": "d", "name": "Acme"})
        document["projects"].append({"id": "q", "name": "gold", "domain_id": "d"})
        other = {"id": "v", "name": "demo", "domain_id": "d", "password": "x"}
        document["users"].append(other | {"roles": {"q": ["member"]}})

    cloud.identity.identity_file.change(edit)
    login = {"methods": ["password"], "password": {"user": {"id": "v", "password": "x"}}}
    response = cloud.post({"auth": {"identity": login, "scope": {"project": {"id": "q"}}}})
    wanted = {"application_credential": {"name": "robot"}}
    token = response.headers["X-Subject-Token"]
    response = cloud.send("POST", "/users/v/application_credentials", token, json=wanted)
    assert response.status_code == 201, response.text


def test_token_of_an_application_credential_gets_no_other_token(cloud: Cloud) -> None:
    made = credential_of(cloud, cloud.token())
    plugin = v3.ApplicationCredential(
        cloud.url, made["secret"], application_credential_id=made["id"]
    )
    token = plugin.get_token(keystone_session.Session())
    response = cloud.post({"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}})
    assert response.status_code == 401, response.text


async def test_no_credential_is_left_of_a_user_who_is_deleted_while_it_is_created(
    cloud: Cloud,
) -> None:
    identity = cloud.identity
    users = Users(identity.identity_file, identity.login, identity.clock)

    class Hasher:
        async def hash_secret(self, secret: str, user_id: str, address: str) -> str:
            await users.delete(user_id)
            return f"hash of {secret} for {address}"

    credentials = ApplicationCredentials(identity.identity_file, Hasher(), time.time)
    session = identity.validate(cloud.token())
    with pytest.raises(Unauthorized):
        await credentials.create(session, {"application_credential": {"name": "robot"}}, "-")
    content = identity.identity_file.path.read_bytes()
    assert json.loads(content)["application_credentials"] == []


async def test_of_two_credentials_of_a_name_that_are_created_at_once_one_is_a_conflict(
    cloud: Cloud,
) -> None:
    identity = cloud.identity
    credentials = ApplicationCredentials(identity.identity_file, identity.login, time.time)
    session = identity.validate(cloud.token())
    wanted = {"application_credential": {"name": "robot"}}
    results = await asyncio.gather(
        *(credentials.create(session, wanted, "-") for _ in range(2)), return_exceptions=True
    )
    assert sum(isinstance(each, Conflict) for each in results) == 1, results
    assert len(cloud.directory.application_credentials) == 1


async def test_credential_does_not_get_all_roles_if_its_only_role_is_deleted_meanwhile(
    cloud: Cloud,
) -> None:
    identity = cloud.identity
    roles = Roles(identity.identity_file)
    role = await roles.create({"name": "auditor"})
    project = cloud.directory.project(name="demo")
    assert project is not None
    assigned = Assignment(user_id(cloud), role.id, project_id=project.id)
    await RoleAssignments(identity.identity_file).assign(assigned)
    session = identity.validate(cloud.token())
    await roles.delete(role.id)
    wanted = {"name": "robot", "roles": [{"id": role.id}]}
    credentials = ApplicationCredentials(identity.identity_file, identity.login, time.time)
    with pytest.raises(Unauthorized):
        await credentials.create(session, {"application_credential": wanted}, "-")
    assert cloud.directory.application_credentials == {}


def test_application_credentials_of_others_are_forbidden(cloud: Cloud) -> None:
    made = credential_of(cloud, cloud.token())
    alt, path = cloud.token("alt"), f"/users/{user_id(cloud)}/application_credentials"
    assert cloud.send("GET", path, alt).status_code == 403
    assert cloud.send("DELETE", f"{path}/{made['id']}", alt).status_code == 403
    body = {"application_credential": {"name": "mine"}}
    assert cloud.send("POST", path, alt, json=body).status_code == 403


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"name": ""},
        {"name": 1},
        {"name": "x" * 256},
        {"name": "a", "roles": [{"name": "admin"}]},
        {"name": "a", "roles": 5},
        {"name": "a", "roles": {}},
        {"name": "a", "roles": ""},
        {"name": "a", "roles": False},
        {"name": "a", "expires_at": "soon"},
        {"name": "a", "expires_at": "2020-01-01T00:00:00"},
        {"name": "a", "unrestricted": "yes"},
        {"name": "a", "secret": 1},
        {"name": "a", "access_rules": [{"path": "/"}]},
    ],
)
def test_malformed_application_credential_is_a_bad_request(
    cloud: Cloud, wanted: dict[str, Any]
) -> None:
    path = f"/users/{user_id(cloud)}/application_credentials"
    response = cloud.send("POST", path, cloud.token(), json={"application_credential": wanted})
    assert response.status_code == 400, response.text
    assert message_of(response)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2990-01-02T03:04:05", "2990-01-02T03:04:05.000000"),
        ("2990-01-02T03:04:05Z", "2990-01-02T03:04:05.000000"),
        ("2990-01-02T03:04:05.250000", "2990-01-02T03:04:05.250000"),
        ("2990-01-02T03:04:05.250000Z", "2990-01-02T03:04:05.250000"),
        ("2990-01-02 03:04:05.5Z", "2990-01-02T03:04:05.500000"),
        ("2990-01-02T03:04:05+02:00", "2990-01-02T01:04:05.000000"),
        ("2990-01-02", "2990-01-02T00:00:00.000000"),
        (None, None),
    ],
)
def test_expires_at_is_shown_in_utc_with_microseconds(
    cloud: Cloud, sent: str | None, shown: str | None
) -> None:
    assert credential_of(cloud, cloud.token(), expires_at=sent)["expires_at"] == shown


def test_token_expires_with_its_application_credential(cloud: Cloud) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 600))
    made = credential_of(cloud, cloud.token(), expires_at=soon)
    assert made["expires_at"] == f"{soon}.000000"
    plugin = v3.ApplicationCredential(
        cloud.url, made["secret"], application_credential_id=made["id"]
    )
    access = plugin.get_access(keystone_session.Session())
    assert f"{access.expires:%Y-%m-%dT%H:%M:%S}" == soon
