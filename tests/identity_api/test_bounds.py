"""Requests beyond the limits of the Identity API are refused."""

from typing import Any

import orjson
import pytest
import requests

from glimpse.identity import field_lengths
from glimpse.identity.embedded import limits
from glimpse.identity.embedded.standard_roles import role_id_of
from tests.identity.cloud import Cloud, message_of

pytestmark = pytest.mark.usefixtures("quick_hashes")

FAR = "9999-12-31T23:59:59.999999"
MOMENTS: list[Any] = [
    *(FAR, FAR + "Z", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-23:59"),
    *("0001-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "0000-00-00T00:00:00Z"),
    *("10000-01-01T00:00:00", "+inf", "NaN", "", "\0", "9" * 5000, "2030-01-01" + "0" * 99),
    *("2990-W01-1", "2990-W01-1T00:00:00", "2990-01-01T00:00:00\0", "2990-01-01T00:00:00Z\n"),
    *("2990-01-01x00:00:00", "2990-01-01T00:00:00z", "2990-02-30T00:00:00"),
    *(1e308, -1, 2**63, True, [], {}),
]
IMPOSSIBLE: list[dict[str, Any]] = [
    {"name": ""},
    {"name": " "},
    {"name": None},
    {"name": "x" * 256},
    {"name": "a\0b"},
    {"secret": "x" * 4097},
    {"secret": "\U0001f511" * 1025},
    {"secret": "a\0b"},
    {"secret": 5},
    {"description": "x" * 65_536},
    {"description": "a\0b"},
    {"description": ["a"]},
    {"roles": [{"name": "member"}] * 101},
    {"roles": {"name": "member"}},
    {"roles": "member"},
    {"roles": [[]]},
    {"roles": [{"name": ["member"]}]},
    {"roles": [{"id": "x" * 100_000}]},
    {"unrestricted": "yes"},
    {"unknown": 1},
    *({"expires_at": moment} for moment in MOMENTS),
]
# Bodies with JSON that Python cannot represent or encode.
ODD_BODIES = [
    b'{"application_credential": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"application_credential": ' + b'{"a":' * 18_000 + b"1" + b"}" * 18_000 + b"}",
    b'{"application_credential": {"name": "\\ud800"}}',
    b'{"application_credential": {"name": "\xed\xa0\x80"}}',
    b'{"application_credential": {"name": 1e999}}',
    b'{"application_credential": {"name": %s}}' % (b"9" * 10_000),
    b'{"application_credential": {"name": NaN}}',
    b'{"application_credential": {"name": "a", "name": []}}',
    b"\xff\xfe{}",
    b"[]",
    b"null",
    b"",
]


def test_invalid_credential_is_refused_and_not_stored(cloud: Cloud) -> None:
    token = cloud.token()
    for wanted in IMPOSSIBLE:
        response = cloud.create_credential(token, **wanted)
        assert response.status_code == 400, (wanted, response.text)
        assert message_of(response)
    assert cloud.list_credentials(token) == []


def test_unusual_body_is_a_bad_request(cloud: Cloud) -> None:
    token = cloud.token()
    for body in ODD_BODIES:
        for url, headers in (
            (cloud.url + cloud.credentials_path(), {"X-Auth-Token": token}),
            (cloud.url + "/auth/tokens", {}),
        ):
            response = requests.post(url, data=body, headers=headers, timeout=20)
            assert response.status_code == 400, (body[:80], response.text)
            assert message_of(response)


def test_longest_values_are_stored_and_shown(cloud: Cloud) -> None:
    token = cloud.token()
    wanted = {
        "name": "\U0001f511" * field_lengths.NAME,
        "secret": "s" * field_lengths.PASSWORD,
        "description": "d" * field_lengths.DESCRIPTION,
        "expires_at": "9999-12-31T23:59:58.000001",
        "roles": [{"name": "member"}] * field_lengths.ROLES,
    }
    response = cloud.create_credential(token, **wanted)
    assert response.status_code == 201, response.text
    (shown,) = cloud.list_credentials(token)
    assert shown["name"] == wanted["name"]
    assert shown["expires_at"].startswith("9999-12-31T23:59:58")
    assert [role["name"] for role in shown["roles"]] == ["member"]
    login = {
        "methods": ["application_credential"],
        "application_credential": {"id": shown["id"], "secret": wanted["secret"]},
    }
    assert cloud.post({"auth": {"identity": login}}).status_code == 201


def test_number_of_credentials_of_a_user_is_bounded(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CREDENTIALS_OF_USER", 2)
    token = cloud.token()
    for name in ("one", "two"):
        assert cloud.create_credential(token, name=name).status_code == 201
    response = cloud.create_credential(token, name="three")
    assert response.status_code == 403, response.text
    assert "Unable to create additional application credentials" in message_of(response)
    assert len(cloud.list_credentials(token)) == 2


def test_size_of_credentials_of_a_user_is_bounded(cloud: Cloud) -> None:
    token = cloud.token()
    statuses = [
        cloud.create_credential(token, name=f"{n}", description="\n" * 50_000).status_code
        for n in range(4)
    ]
    assert statuses == [201, 201, 403, 403]  # a line end is two characters in JSON
    size = cloud.identity.identity_file.path.stat().st_size
    assert size < limits.MAX_CREDENTIAL_BYTES_OF_USER + 10_000


@pytest.mark.parametrize(
    "user",
    [
        {"name": "x" * 256, "domain": {"id": "default"}},
        {"name": "\0", "domain": {"id": "default"}},
        {"name": "demo", "domain": {"id": "x" * 100_000}},
        {"id": "x" * 65},
    ],
)
def test_login_with_an_invalid_name_is_unauthorized(cloud: Cloud, user: dict[str, Any]) -> None:
    identity = {"methods": ["password"], "password": {"user": user | {"password": "x"}}}
    assert cloud.post({"auth": {"identity": identity}}).status_code == 401


def test_login_with_an_invalid_secret_is_unauthorized(cloud: Cloud) -> None:
    for secret in ("x" * 4097, "x" * 110_000, "a\0b"):
        user = {"name": "demo", "domain": {"id": "default"}, "password": secret}
        by_password = {"methods": ["password"], "password": {"user": user}}
        assert cloud.post({"auth": {"identity": by_password}}).status_code == 401
        credential = {"id": "x", "secret": secret}
        login = {"methods": ["application_credential"], "application_credential": credential}
        assert cloud.post({"auth": {"identity": login}}).status_code == 401


def test_login_with_a_token_that_is_too_long_is_404(cloud: Cloud) -> None:
    for token in ("x" * 4097, "x" * 110_000, "a\0b"):
        by_token = {"methods": ["token"], "token": {"id": token}}
        assert cloud.post({"auth": {"identity": by_token}}).status_code == 404


def test_ids_and_parameters_that_are_too_long_are_bad_requests(cloud: Cloud) -> None:
    token, too_long = cloud.token("admin"), "x" * 300
    credentials = cloud.credentials_path("admin")
    for path in (
        *(f"/{kind}/{too_long}" for kind in ("projects", "users", "domains", "roles", "regions")),
        *(f"/users/{too_long}/projects", f"/users/{too_long}/application_credentials"),
        *(f"{credentials}/{too_long}", f"/projects?name={too_long}", f"/projects?{too_long}=1"),
        *(f"/users?marker={too_long}", f"{credentials}?name={too_long}"),
        *(f"/auth/projects?a={too_long}", f"/auth/catalog?a={too_long}"),
    ):
        response = cloud.send("GET", path, token)
        assert response.status_code == 400, (path, response.text)
        assert message_of(response)
        assert requests.get(cloud.url + path, timeout=20).status_code == 401
    for method, path in (
        ("DELETE", f"{credentials}/{too_long}"),
        ("POST", f"/users/{too_long}/application_credentials"),
    ):
        assert cloud.send(method, path, token, json={}).status_code == 400


def test_unusual_ids_and_parameters_are_no_server_errors(cloud: Cloud) -> None:
    token = cloud.token("admin")
    for text in ("%00", "%ed%a0%80", "%ff", "%f0%9f%94%91", "..", "%2e%2e", "a%2fb"):
        for path in (f"/users/{text}", f"/projects?name={text}", f"/regions/{text}"):
            response = cloud.send("GET", path, token)
            assert response.status_code in (200, 400, 403, 404), (path, response.text)


def test_size_of_the_identity_file_is_bounded(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(orjson.dumps(orjson.loads(cloud.identity.identity_file.path.read_bytes())))
    monkeypatch.setattr(limits, "MAX_BYTES", size + 20_000)
    token = cloud.token("admin")

    def send(method: str, path: str, description: str) -> requests.Response:
        document = {"project": {"name": "large", "description": description}}
        return cloud.send(method, path, token, json=document)

    assert send("POST", "/projects", "x" * 20_000).status_code == 403
    response = send("POST", "/projects", "x" * 15_000)
    assert response.status_code == 201
    path = f"/projects/{response.json()['project']['id']}"
    assert send("PATCH", path, "x" * 20_000).status_code == 403
    monkeypatch.setattr(limits, "MAX_BYTES", size)  # as if it had been lower before
    assert send("PATCH", path, "x" * 14_000).status_code == 200  # to make room is always possible


def test_full_identity_file_takes_no_assignment_implication_or_credential(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, demo, directory = cloud.token("admin"), cloud.token(), cloud.directory
    user, project = directory.user(name="demo"), directory.project(name="alt")
    assert user is not None
    assert project is not None
    member, service = role_id_of("member"), role_id_of("service")
    size = len(orjson.dumps(orjson.loads(cloud.identity.identity_file.path.read_bytes())))

    def add() -> list[int]:
        assigned = f"/projects/{project.id}/users/{user.id}/roles/{member}"
        implied = f"/roles/{service}/implies/{member}"
        return [
            *(cloud.send("PUT", path, admin).status_code for path in (assigned, implied)),
            cloud.create_credential(demo).status_code,
        ]

    monkeypatch.setattr(limits, "MAX_BYTES", size)
    assert add() == [403, 403, 403]
    monkeypatch.undo()
    assert add() == [204, 201, 201]
