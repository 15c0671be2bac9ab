"""Roles and their assignments, and the tokens that follow, are those of a real Keystone.

IdentityPair compares the responses to each request.
"""

from typing import Any

import pytest

from tests.peers.identity_pair import IdentityPair

pytestmark = pytest.mark.peers
_NEW_ROLE = {"role": {"name": "auditor", "description": "reads", "more": [1]}}
_LOCAL_ROLE = {"role": {"name": "local", "domain_id": "default"}}
WORKER = "/projects/{projects:worker}/users/{users:worker}/roles"
GUEST = "/projects/{projects:guest}/users/{users:guest}/roles"


def test_roles_are_alike(pair: IdentityPair) -> None:
    for method, path, document in (
        ("POST", "/roles", _NEW_ROLE),
        ("POST", "/roles", _NEW_ROLE),
        ("POST", "/roles", _LOCAL_ROLE),
        ("POST", "/roles", {"role": {"name": " "}}),
        ("POST", "/roles", {"role": {"description": "x"}}),
        ("POST", "/roles", {"role": {"name": "x", "options": {"y": 1}}}),
        ("POST", "/roles", {"role": {"name": "x"}, "y": 1}),
        ("POST", "/roles", {}),
        ("GET", "/roles/{roles:auditor}", None),
        ("HEAD", "/roles/{roles:auditor}", None),
        ("GET", "/roles/nothing", None),
        ("GET", "/roles?name=auditor", None),
        ("GET", "/roles?name=auditor&x=y", None),
        ("GET", "/roles?domain_id=default", None),
        ("GET", "/roles?domain_id=", None),
        ("PATCH", "/roles/{roles:auditor}", {"role": {"description": None, "x": {"y": None}}}),
        ("PATCH", "/roles/{roles:auditor}", {"role": {}}),
        ("PATCH", "/roles/{roles:auditor}", {"role": {"id": "other"}}),
        ("PATCH", "/roles/{roles:auditor}", {"role": {"domain_id": "default"}}),
        ("PATCH", "/roles/{roles:auditor}", {"role": {"name": "admin"}}),
        ("PATCH", "/roles/{roles:auditor}", {"role": {"options": {"immutable": True}}}),
        ("PATCH", "/roles/{roles:auditor}", {"role": {"name": "y"}}),
        ("DELETE", "/roles/{roles:auditor}", None),
        ("PATCH", "/roles/{roles:auditor}", {"role": {"options": {"immutable": False}}}),
        ("PATCH", "/roles/nothing", {"role": {"name": "y"}}),
        ("DELETE", "/roles/nothing", None),
        ("DELETE", "/roles/{roles:admin}", None),
        ("PATCH", "/roles/{roles:admin}", {"role": {"name": "y"}}),
    ):
        pair.send(method, path, document)


def test_implied_roles_are_alike(pair: IdentityPair) -> None:
    for method, path in (
        ("GET", "/role_inferences"),
        ("GET", "/roles/{roles:admin}/implies"),
        ("GET", "/roles/{roles:reader}/implies"),
        ("GET", "/roles/nothing/implies"),
        ("GET", "/roles/{roles:admin}/implies/{roles:manager}"),
        ("HEAD", "/roles/{roles:admin}/implies/{roles:manager}"),
        ("GET", "/roles/{roles:admin}/implies/{roles:reader}"),
        ("HEAD", "/roles/{roles:admin}/implies/{roles:reader}"),
        ("PUT", "/roles/{roles:admin}/implies/{roles:manager}"),
        ("PUT", "/roles/{roles:reader}/implies/{roles:admin}"),
        ("PUT", "/roles/{roles:reader}/implies/{roles:local}"),
        ("PUT", "/roles/{roles:reader}/implies/nothing"),
        ("PUT", "/roles/{roles:local}/implies/{roles:member}"),
        ("GET", "/role_inferences"),
        ("DELETE", "/roles/{roles:local}/implies/{roles:member}"),
        ("DELETE", "/roles/{roles:local}/implies/{roles:member}"),
        ("PUT", "/roles/{roles:auditor}/implies/{roles:auditor}"),
    ):
        pair.send(method, path)


SCOPES: list[tuple[str, dict[str, Any]]] = [
    ("/projects/{projects:guest}", {"project": {"id": "{projects:guest}"}}),
    ("/domains/default", {"domain": {"id": "default"}}),
    ("/system", {"system": {"all": True}}),
]


@pytest.mark.parametrize(("path", "scope"), SCOPES, ids=["project", "domain", "system"])
def test_assignments_and_their_tokens_are_alike(
    pair: IdentityPair, path: str, scope: dict[str, Any]
) -> None:
    roles = f"{path}/users/{{users:worker}}/roles"
    pair.send("GET", roles)
    assert pair.log_in("worker", scope) == 401
    for role in ("manager", "auditor", "auditor"):
        assert pair.send("PUT", f"{roles}/{{roles:{role}}}") == 204
    pair.send("PUT", f"{roles}/{{roles:local}}")
    for method in ("GET", "HEAD"):
        pair.send(method, f"{roles}/{{roles:manager}}")
        pair.send(method, f"{roles}/{{roles:member}}")
        pair.send(method, roles)
    assert pair.log_in("worker", scope) == 201
    for each in ("projects", "domains", "system", "catalog"):
        if each != "catalog":
            pair.send("GET", f"/auth/{each}", user="worker@scope")
    pair.send("DELETE", f"{roles}/{{roles:manager}}")
    pair.send("DELETE", f"{roles}/{{roles:manager}}")
    assert pair.log_in("worker", scope) == 201
    pair.send("DELETE", f"{roles}/{{roles:auditor}}")
    assert pair.log_in("worker", scope) == 401
    assert pair.send("GET", "/auth/projects", user="worker@scope") == 401
    for user, role in (("nobody", "{roles:member}"), ("{users:worker}", "nothing")):
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            pair.send(method, f"{path}/users/{user}/roles/{role}")
            pair.send(method, f"{path}/users/{user}/roles/{role}", user="guest")


QUERIES = [
    *("user.id={users:worker}", "user.id={users:worker}&effective", "user.id=nobody"),
    *("user.id=nobody&effective", "role.id={roles:reader}", "role.id="),
    *("role.id={roles:member}&effective&scope.project.id={projects:worker}", "role.id=a_b"),
    *(
        "user.id={users:worker}&include_names",
        "scope.system=all&include_names&user.id={users:worker}",
    ),
    *("user.id={users:worker}&effective&include_names", "user.id={users:worker}&effective=0"),
    *("scope.domain.id=default", "scope.domain.id=nothing", "scope.domain.id=default&effective"),
    *("scope.project.id={projects:worker}", "scope.project.id=nothing", "scope.project.id="),
    *("scope.project.id=nothing&effective", "scope.project.id={projects:worker}&effective"),
    *("scope.project.id={projects:worker}&scope.domain.id=default", "include_subtree"),
    *("scope.project.id={projects:worker}&scope.system=all", "group.id=x", "group.id=x&effective"),
    *("scope.project.id={projects:worker}&include_subtree", "group.id=x&user.id=y"),
    *("scope.domain.id=default&scope.system=all", "scope.system=x&user.id={users:worker}"),
    *("user.id={users:worker}&user.id={users:guest}", "user.id={users:worker}&limit=1&x=y"),
    *("scope.OS-INHERIT:inherited_to=projects&user.id={users:worker}",),
    *("scope.OS-INHERIT:inherited_to=x&user.id={users:worker}",),
    *("scope.OS-INHERIT:inherited_to=projects&effective&scope.domain.id=default",),
    *("scope.system=all&effective&user.id={users:worker}",),
]


def test_lists_of_assignments_are_alike(pair: IdentityPair) -> None:
    for path, role in (
        ("/system", "member"),
        ("/domains/default", "local"),
        ("/domains/default", "manager"),
        ("/projects/{projects:worker}", "local"),
    ):
        assert pair.send("PUT", f"{path}/users/{{users:worker}}/roles/{{roles:{role}}}") == 204
    pair.send("PUT", "/roles/{roles:local}/implies/{roles:auditor}")
    for query in QUERIES:
        pair.send("GET", f"/role_assignments?{query}")


CALLERS: list[tuple[str, dict[str, Any]]] = [
    ("manager of a domain", {"domain": {"id": "default"}}),
    ("member of the system", {"system": {"all": True}}),
    ("member of a project", {"project": {"id": "{projects:worker}"}}),
]


@pytest.mark.parametrize(("_", "scope"), CALLERS, ids=[name for name, _ in CALLERS])
def test_the_same_callers_are_allowed(pair: IdentityPair, _: str, scope: dict[str, Any]) -> None:
    pair.send("PUT", "/system/users/{users:worker}/roles/{roles:member}")
    pair.send("PUT", "/domains/default/users/{users:worker}/roles/{roles:manager}")
    assert pair.log_in("worker", scope) == 201
    for method, path, document in (
        ("GET", "/roles", None),
        ("GET", "/roles?domain_id=default", None),
        ("GET", "/roles/{roles:member}", None),
        ("GET", "/roles/{roles:admin}", None),
        ("GET", "/roles/{roles:local}", None),
        ("POST", "/roles", {"role": {"name": "z"}}),
        ("PATCH", "/roles/{roles:auditor}", {"role": {"name": "z"}}),
        ("DELETE", "/roles/{roles:auditor}", None),
        ("GET", "/role_inferences", None),
        ("GET", "/roles/{roles:member}/implies/{roles:reader}", None),
        ("HEAD", "/roles/{roles:member}/implies/{roles:reader}", None),
        ("PUT", "/roles/{roles:member}/implies/{roles:auditor}", None),
        ("GET", GUEST, None),
        ("GET", f"{GUEST}/{{roles:reader}}", None),
        ("GET", f"{GUEST}/{{roles:local}}", None),
        ("PUT", f"{GUEST}/{{roles:member}}", None),
        ("PUT", f"{GUEST}/{{roles:admin}}", None),
        ("PUT", f"{GUEST}/{{roles:auditor}}", None),
        ("DELETE", f"{GUEST}/{{roles:member}}", None),
        ("DELETE", f"{GUEST}/{{roles:auditor}}", None),
        ("PUT", "/domains/default/users/{users:guest}/roles/{roles:reader}", None),
        ("DELETE", "/domains/default/users/{users:guest}/roles/{roles:reader}", None),
        ("PUT", "/domains/default/users/{users:guest}/roles/{roles:local}", None),
        ("GET", "/system/users/{users:guest}/roles", None),
        ("GET", "/system/users/{users:worker}/roles/{roles:member}", None),
        ("PUT", "/system/users/{users:guest}/roles/{roles:reader}", None),
        ("GET", "/role_assignments?user.id={users:guest}", None),
        ("GET", "/role_assignments?include_subtree&scope.project.id={projects:guest}", None),
        ("GET", f"{WORKER}/{{roles:member}}", None),
        ("GET", "/auth/tokens", None),
    ):
        pair.send(method, path, document, user="worker@scope")
