"""Invalid entries of the identity file are ignored; the others work."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.cloud import PASSWORD, EmbeddedCloud
from tests.support.process import GlimpseProcess

PROJECT = "a" * 32
ROLES = {"gone": ["admin"], PROJECT: ["reader"]}
# Invalid entries that are added to the sections of the file.
BROKEN: dict[str, list[Any]] = {
    "users": [
        {"id": "1", "name": "u1", "password": 5},
        {"id": "2", "name": "u2", "password_hash": [1]},
        {"id": "3", "name": "u3", "password": "x", "enabled": "no"},
        {"id": "4", "name": ["u4"], "password": "x"},
        {"id": "5", "password": "x"},
        None,
        "somebody",
    ],
    "projects": [None, ["id", "name"], {"id": "6"}, {"id": "7", "name": "p", "enabled": 1}],
    "application_credentials": [None, 5, [], {"id": "8", "name": None}],
}


def _write(path: Path, *, broken: Mapping[str, Sequence[Any]]) -> None:
    document: dict[str, Any] = {
        "projects": [{"id": PROJECT, "name": "demo"}],
        "users": [
            {
                "id": "d" * 32,
                "name": "demo",
                "password": PASSWORD,
                "roles": {PROJECT: ["admin"]},
            }
        ],
        "application_credentials": [],
    }
    for section, entries in broken.items():
        document[section] += entries
    new = path.with_name("edited")
    new.write_text(json.dumps(document))
    new.chmod(0o600)
    new.replace(path)


def _check(process: GlimpseProcess) -> None:
    """Check that logins, lists and writes of the file work."""
    cloud = EmbeddedCloud(process)
    for target in ("users", "projects", "auth/projects"):
        response = cloud.request("demo", "GET", f"/identity/v3/{target}")
        assert response.status == 200, str(response)
        assert {one["name"] for one in response.json()[target.rpartition("/")[2]]} == {"demo"}
    target = f"/identity/v3/users/{'d' * 32}/application_credentials"
    body = json.dumps({"application_credential": {"name": "new"}}).encode()
    made = cloud.request("demo", "POST", target, body)
    assert made.status == 201, str(made)
    credential = made.json()["application_credential"]["id"]
    assert len(cloud.request("demo", "GET", target).json()["application_credentials"]) == 1
    assert cloud.request("demo", "DELETE", f"{target}/{credential}").status == 204


def test_invalid_entries_are_ignored_and_logged(state_dir: Path) -> None:
    path = state_dir / "identity.json"
    state_dir.mkdir(exist_ok=True)
    _write(path, broken={})
    with GlimpseProcess(state_dir) as process:
        _write(path, broken=BROKEN)
        _check(process)
        log = process.log.read_text()
        assert log.count("is broken") == sum(map(len, BROKEN.values())), log
        assert "Traceback" not in log
    with GlimpseProcess(state_dir) as process:  # a process also starts with such a file
        _check(process)


def test_a_user_keeps_its_roles_in_projects_that_exist(state_dir: Path) -> None:
    state_dir.mkdir(exist_ok=True)
    user = {"id": "b" * 32, "name": "both", "password": PASSWORD, "roles": ROLES}
    _write(state_dir / "identity.json", broken={"users": [user]})
    with GlimpseProcess(state_dir) as process:
        target = f"/identity/v3/users/{'b' * 32}/projects"
        projects = EmbeddedCloud(process).request("demo", "GET", target)
        assert [one["id"] for one in projects.json()["projects"]] == [PROJECT]
