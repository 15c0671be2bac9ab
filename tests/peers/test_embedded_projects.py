"""Changes of domains and of immutable objects have the response of a real Keystone."""

import pytest

from tests.peers.identity_pair import IdentityPair

pytestmark = pytest.mark.peers


@pytest.mark.parametrize(
    ("kind", "path"), [("project", "/projects/{projects:worker}"), ("domain", "/domains/default")]
)
def test_changes_of_an_immutable_object_are_alike(pair: IdentityPair, kind: str, path: str) -> None:
    tags = f"/projects/{path.split('/')[2]}/tags"
    immutable, mutable = ({kind: {"options": {"immutable": value}}} for value in (True, False))
    for method, target, document in (
        ("PUT", f"{tags}/x", None),
        ("PATCH", path, immutable),
        ("PATCH", path, {kind: {"tags": ["y"]}}),
        ("PATCH", path, {kind: {"id": "other"}}),
        ("PUT", f"{tags}/y", None),
        ("PUT", f"{tags}/x", None),
        ("PUT", f"{tags}/a,b", None),
        ("PUT", tags, {"tags": ["y"]}),
        ("PUT", tags, {"tags": ["a,b"]}),
        ("DELETE", f"{tags}/x", None),
        ("DELETE", f"{tags}/nosuch", None),
        ("DELETE", tags, None),
        ("GET", f"{tags}/x", None),
        ("PUT", f"{path}/users/{{users:guest}}/roles/{{roles:reader}}", None),
        ("DELETE", f"{path}/users/{{users:guest}}/roles/{{roles:reader}}", None),
        ("PATCH", path, mutable),
        ("DELETE", f"{tags}/x", None),
    ):
        pair.send(method, target, document)


def test_domain_with_an_immutable_project_is_kept_alike(pair: IdentityPair) -> None:
    domain = "/domains/" + "d" * 32
    created = {"name": "new", "explicit_domain_id": "d" * 32}
    assert pair.send("POST", "/domains", {"domain": created}) == 201
    project = {"name": "p", "domain_id": "d" * 32, "options": {"immutable": True}}
    pair.create("/projects", {"project": project})
    assert pair.send("PATCH", domain, {"domain": {"enabled": False}}) == 200
    assert pair.send("DELETE", domain) == 403


@pytest.mark.parametrize("value", ["other", "", None, 1])
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("project", "/projects/{projects:worker}"),
        ("user", "/users/{users:worker}"),
        ("region", "/regions/R"),
    ],
)
def test_id_in_an_update_is_checked_alike(
    pair: IdentityPair, kind: str, path: str, value: object
) -> None:
    pair.send("PUT", "/regions/R", {"region": {}})
    pair.send("PATCH", path, {kind: {"id": value, "description": "d"}})


@pytest.mark.parametrize("domain_id", ["other", "default", "", None, 1])
def test_id_in_an_update_of_a_domain_is_ignored_alike(
    pair: IdentityPair, domain_id: object
) -> None:
    for values in ({"id": domain_id}, {"id": domain_id, "description": "d"}):
        assert pair.send("PATCH", "/domains/default", {"domain": values}) == 200
        assert pair.send("GET", "/domains/default") == 200
