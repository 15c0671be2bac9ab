"""Invalid entries of the identity file are ignored; the others are served."""

import json
from typing import Any

import pytest

from tests.identity.cloud import Cloud

pytestmark = pytest.mark.usefixtures("quick_hashes")

BROKEN: list[dict[str, Any]] = [
    {"expires_at": 253402300800.0},  # how 9999-12-31T23:59:59.999999 was stored
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


def add_entries(cloud: Cloud, entries: list[dict[str, Any]]) -> None:
    path = cloud.identity.identity_file.path
    document = json.loads(path.read_text())
    document["application_credentials"] += entries
    path.write_text(json.dumps(document))


def test_invalid_credential_is_not_listed_and_logged_once(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    token = cloud.token()
    sound = cloud.create_credential(token).json()["application_credential"]
    broken = [
        {"id": f"broken{n}", "name": f"b{n}", "user": "demo", "project": "demo"}
        | {"roles": ["member"], "secret_hash": "x"}
        | values
        for n, values in enumerate(BROKEN)
    ]
    add_entries(cloud, broken)
    for _ in range(3):
        assert [each["id"] for each in cloud.list_credentials(token)] == [sound["id"]]
    for each in broken:
        shown = cloud.send("GET", f"{cloud.credentials_path()}/{each['id']}", token)
        assert shown.status_code == 404, shown.text
        login = {
            "methods": ["application_credential"],
            "application_credential": {"id": f"{each['id']}", "secret": "x"},
        }
        if each is broken[0]:
            assert cloud.post({"auth": {"identity": login}}).status_code == 401
    lines = [r.getMessage() for r in caplog.records if "is left out" in r.getMessage()]
    assert len(lines) == len(broken), lines
    # The file can still be changed, and keeps the invalid entries.
    assert cloud.create_credential(token, name="another").status_code == 201
    path = f"{cloud.credentials_path()}/{sound['id']}"
    assert cloud.send("DELETE", path, token).status_code == 204
    kept = json.loads(cloud.identity.identity_file.path.read_text())["application_credentials"]
    assert len(kept) == len(broken) + 1


def test_login_against_an_invalid_hash_is_unauthorized(cloud: Cloud) -> None:
    entry = {"name": "b", "user": "demo", "project": "demo", "roles": ["member"]}
    hashes = ["x", "scrypt$1$1", "scrypt$x$8$1$AA==$AA==", "scrypt$0$0$0$$", "md5$1$2$3$4$5"]
    add_entries(cloud, [entry | {"id": f"h{n}", "secret_hash": h} for n, h in enumerate(hashes)])
    for number in range(len(hashes)):
        credential = {"id": f"h{number}", "secret": "x"}
        login = {"methods": ["application_credential"], "application_credential": credential}
        assert cloud.post({"auth": {"identity": login}}).status_code == 401


def test_invalid_identity_file_is_not_used_and_not_overwritten(cloud: Cloud) -> None:
    token = cloud.token()
    for content in ("nonsense", "[]", "{}", '{"projects": [], "users": 5}'):
        cloud.identity.identity_file.path.write_text(content)
        assert cloud.list_credentials(token) == []
        assert cloud.create_credential(token).status_code == 503
        assert cloud.identity.identity_file.path.read_text() == content
