"""What is too long, too much or impossible is refused by the Identity API, and breaks no list."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from glimpse.identity import field_lengths
from glimpse.identity.embedded import application_credentials, service
from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity.embedded.service import EmbeddedIdentity
from glimpse.identity_api import documents
from tests.identity.cloud import Cloud, message_of

FAR = "9999-12-31T23:59:59.999999"
MOMENTS: list[Any] = [
    *(FAR, FAR + "Z", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-23:59"),
    *("0001-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "0000-00-00T00:00:00Z"),
    *("10000-01-01T00:00:00", "+inf", "NaN", "", "\0", "9" * 5000, "2030-01-01" + "0" * 99),
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
    *({"expires_at": moment} for moment in MOMENTS),
]
# Bodies as they are sent: what JSON allows and Python trips over.
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


def path_of(cloud: Cloud, name: str = "demo") -> str:
    user = cloud.directory.user(name=name)
    assert user is not None
    return f"/users/{user.id}/application_credentials"


def create(cloud: Cloud, token: str, **wanted: Any) -> requests.Response:
    document = {"application_credential": {"name": "robot"} | wanted}
    return cloud.ask("POST", path_of(cloud), token, json=document)


def listed(cloud: Cloud, token: str) -> list[dict[str, Any]]:
    answer = cloud.ask("GET", path_of(cloud), token)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["application_credentials"]
    return found


def test_an_impossible_credential_is_refused_and_not_stored(cloud: Cloud) -> None:
    token = cloud.token()
    for wanted in IMPOSSIBLE:
        answer = create(cloud, token, **wanted)
        assert answer.status_code == 400, (wanted, answer.text)
        assert message_of(answer)
    assert listed(cloud, token) == []


def test_an_odd_body_is_a_bad_request(cloud: Cloud) -> None:
    token = cloud.token()
    for body in ODD_BODIES:
        for url, headers in (
            (cloud.url + path_of(cloud), {"X-Auth-Token": token}),
            (cloud.url + "/auth/tokens", {}),
        ):
            answer = requests.post(url, data=body, headers=headers, timeout=20)
            assert answer.status_code == 400, (body[:80], answer.text)
            assert message_of(answer)


def test_the_longest_values_are_taken_and_shown(cloud: Cloud) -> None:
    token = cloud.token()
    wanted = {
        "name": "\U0001f511" * field_lengths.NAME,
        "secret": "s" * field_lengths.PASSWORD,
        "description": "d" * field_lengths.DESCRIPTION,
        "expires_at": "9999-12-31T23:59:58.000001",
        "roles": [{"name": "member"}] * field_lengths.ROLES,
    }
    answer = create(cloud, token, **wanted)
    assert answer.status_code == 201, answer.text
    (shown,) = listed(cloud, token)
    assert shown["name"] == wanted["name"]
    assert shown["expires_at"].startswith("9999-12-31T23:59:58")
    assert [role["name"] for role in shown["roles"]] == ["member"]
    login = {
        "methods": ["application_credential"],
        "application_credential": {"id": shown["id"], "secret": wanted["secret"]},
    }
    assert cloud.post({"auth": {"identity": login}}).status_code == 201


def test_a_user_has_a_limited_number_of_credentials(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application_credentials, "MAX_PER_USER", 2)
    token = cloud.token()
    for name in ("one", "two"):
        assert create(cloud, token, name=name).status_code == 201
    answer = create(cloud, token, name="three")
    assert answer.status_code == 403, answer.text
    assert "Unable to create additional application credentials" in message_of(answer)
    assert len(listed(cloud, token)) == 2


def test_the_credentials_of_a_user_have_a_limited_size(cloud: Cloud) -> None:
    token = cloud.token()
    statuses = [
        create(cloud, token, name=f"{n}", description="\n" * 50_000).status_code for n in range(4)
    ]
    assert statuses == [201, 201, 403, 403]  # a line end is two characters in JSON
    size = cloud.identity.directory_file.path.stat().st_size
    assert size < application_credentials.MAX_BYTES_PER_USER + 10_000


@pytest.mark.parametrize(
    "user",
    [
        {"name": "x" * 256, "domain": {"id": "default"}},
        {"name": "\0", "domain": {"id": "default"}},
        {"name": "demo", "domain": {"id": "x" * 100_000}},
        {"id": "x" * 65},
    ],
)
def test_a_login_by_an_impossible_name_is_unauthorized(cloud: Cloud, user: dict[str, Any]) -> None:
    identity = {"methods": ["password"], "password": {"user": user | {"password": "x"}}}
    assert cloud.post({"auth": {"identity": identity}}).status_code == 401


def test_a_login_with_an_impossible_secret_is_unauthorized(cloud: Cloud) -> None:
    for secret in ("x" * 4097, "x" * 110_000, "a\0b"):
        user = {"name": "demo", "domain": {"id": "default"}, "password": secret}
        by_password = {"methods": ["password"], "password": {"user": user}}
        assert cloud.post({"auth": {"identity": by_password}}).status_code == 401
        credential = {"id": "x", "secret": secret}
        login = {"methods": ["application_credential"], "application_credential": credential}
        assert cloud.post({"auth": {"identity": login}}).status_code == 401
        token = {"methods": ["token"], "token": {"id": secret}}
        assert cloud.post({"auth": {"identity": token}}).status_code == 401


def test_ids_and_parameters_that_are_too_long_are_bad_requests(cloud: Cloud) -> None:
    token, much = cloud.token("admin"), "x" * 300
    for path in (
        *(f"/{kind}/{much}" for kind in ("projects", "users", "domains", "roles", "regions")),
        *(f"/users/{much}/projects", f"/users/{much}/application_credentials"),
        *(f"{path_of(cloud, 'admin')}/{much}", f"/projects?name={much}", f"/projects?{much}=1"),
        *(f"/users?marker={much}", f"{path_of(cloud, 'admin')}?name={much}"),
        *(f"/auth/projects?a={much}", f"/auth/catalog?a={much}"),
    ):
        answer = cloud.ask("GET", path, token)
        assert answer.status_code == 400, (path, answer.text)
        assert message_of(answer)
        assert requests.get(cloud.url + path, timeout=20).status_code == 401
    for method, path in (
        ("DELETE", f"{path_of(cloud, 'admin')}/{much}"),
        ("POST", f"/users/{much}/application_credentials"),
    ):
        assert cloud.ask(method, path, token, json={}).status_code == 400


def test_odd_ids_and_parameters_are_answered(cloud: Cloud) -> None:
    token = cloud.token("admin")
    for text in ("%00", "%ed%a0%80", "%ff", "%f0%9f%94%91", "..", "%2e%2e", "a%2fb"):
        for path in (f"/users/{text}", f"/projects?name={text}", f"/regions/{text}"):
            answer = cloud.ask("GET", path, token)
            assert answer.status_code in (200, 400, 403, 404), (path, answer.text)


BROKEN: list[dict[str, Any]] = [
    {"expires_at": 253402300800.0},  # what 9999-12-31T23:59:59.999999 was kept as
    {"expires_at": 1e300},
    {"expires_at": "2030-01-01"},
    {"expires_at": True},
    {"description": 5},
    {"roles": "member"},
    {"roles": [["member"]]},
    {"roles": [5]},
    {"unrestricted": "yes"},
    {"id": 5},
    {"secret_hash": None},
    {"secret_hash": ["x"]},
    {"user": "nobody"},
    {"user": {}},
    {"project": "nowhere"},
    {"project": 5},
]


def edit(cloud: Cloud, entries: list[dict[str, Any]]) -> None:
    path = cloud.identity.directory_file.path
    document = json.loads(path.read_text())
    document["application_credentials"] += entries
    path.write_text(json.dumps(document))


def test_a_broken_credential_is_left_out_of_lists_and_logged_once(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    token = cloud.token()
    sound = create(cloud, token).json()["application_credential"]
    broken = [
        {"id": f"broken{n}", "name": f"b{n}", "user": "demo", "project": "demo"}
        | {"roles": ["member"], "secret_hash": "x"}
        | values
        for n, values in enumerate(BROKEN)
    ]
    edit(cloud, broken)
    for _ in range(3):
        assert [each["id"] for each in listed(cloud, token)] == [sound["id"]]
    for each in broken:
        shown = cloud.ask("GET", f"{path_of(cloud)}/{each['id']}", token)
        assert shown.status_code == 404, shown.text
        login = {
            "methods": ["application_credential"],
            "application_credential": {"id": f"{each['id']}", "secret": "x"},
        }
        if each is broken[0]:
            assert cloud.post({"auth": {"identity": login}}).status_code == 401
    lines = [r.getMessage() for r in caplog.records if "is left out" in r.getMessage()]
    assert len(lines) == len(broken), lines
    assert create(cloud, token, name="another").status_code == 201  # and the rest can be changed
    path = f"{path_of(cloud)}/{sound['id']}"
    assert cloud.ask("DELETE", path, token).status_code == 204
    kept = json.loads(cloud.identity.directory_file.path.read_text())["application_credentials"]
    assert len(kept) == len(broken) + 1


def test_a_hash_that_is_none_is_never_right(cloud: Cloud) -> None:
    entry = {"name": "b", "user": "demo", "project": "demo", "roles": ["member"]}
    hashes = ["x", "scrypt$1$1", "scrypt$x$8$1$AA==$AA==", "scrypt$0$0$0$$", "md5$1$2$3$4$5"]
    edit(cloud, [entry | {"id": f"h{n}", "secret_hash": h} for n, h in enumerate(hashes)])
    for number in range(len(hashes)):
        credential = {"id": f"h{number}", "secret": "x"}
        login = {"methods": ["application_credential"], "application_credential": credential}
        assert cloud.post({"auth": {"identity": login}}).status_code == 401


def test_an_identity_file_that_is_invalid_as_a_whole_changes_nothing(cloud: Cloud) -> None:
    token = cloud.token()
    for content in ("nonsense", "[]", "{}", '{"projects": [], "users": 5}'):
        cloud.identity.directory_file.path.write_text(content)
        assert listed(cloud, token) == []
        assert create(cloud, token).status_code == 503
        assert cloud.identity.directory_file.path.read_text() == content


async def test_a_token_of_any_expiration_can_be_shown(tmp_path: Path) -> None:
    identity = EmbeddedIdentity.open(tmp_path, token_expiration=2**63)
    password = identity.directory_file.current.user(name="demo")
    assert password is not None
    request = AuthRequest(("password",), Reference(None, "demo"), password.password or "")
    session = await identity.login(request)
    assert documents.token(session, None)["token"]["expires_at"].startswith("9999-12-31")
    await identity.close()


async def test_tokens_that_are_remembered_are_bounded_in_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_CACHED_BYTES", 20_000)
    identity = EmbeddedIdentity.open(tmp_path)
    demo = identity.directory_file.current.user(name="demo")
    assert demo is not None
    request = AuthRequest(("password",), Reference(None, "demo"), demo.password or "")
    first = identity.sign((await identity.login(request)).token)
    for _ in range(50):
        derived = await identity.login(AuthRequest(("token",), token=first))
        await identity.authenticate(identity.sign(derived.token))
    cache = identity._cache  # noqa: SLF001
    assert 5 < len(cache) < 20
    assert cache.total_bytes <= 20_000
    await identity.close()
