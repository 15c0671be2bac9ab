"""Projects are created, changed and deleted, with Keystone's rules for their tree."""

import errno
from typing import Any

import pytest

from glimpse.identity.embedded import limits, private_files
from tests.identity.cloud import message_of
from tests.identity_api.objects import Objects

NEW = {
    "domain_id": "default",
    "parent_id": "default",
    "description": "",
    "enabled": True,
    "is_domain": False,
    "tags": [],
    "options": {},
}


def test_new_project_has_the_defaults_and_is_shown(objects: Objects) -> None:
    made = objects.create("project", name=" new ")
    project_id = made.pop("id")
    link = f"{objects.cloud.url}/projects/{project_id}"
    assert made == NEW | {"name": "new", "links": {"self": link}}
    assert objects.show("project", project_id) == made | {"id": project_id}
    assert "new" in objects.names("project")


def test_attributes_of_the_client_are_kept(objects: Objects) -> None:
    wanted = {"description": "d", "enabled": False, "tags": ["b", "a"], "owner": {"a": [1]}}
    made = objects.create("project", name="p", options={"immutable": None}, **wanted)
    assert {key: made[key] for key in wanted} == wanted
    assert made["options"] == {}


def test_name_is_unique_in_its_domain_without_regard_to_case(objects: Objects) -> None:
    response = objects.post("project", name="DEMO")
    assert response.status_code == 409, response.text
    domain = objects.create("domain", name="other")["id"]
    made = objects.create("project", name="demo", domain_id=domain)
    assert made["parent_id"] == domain
    second = objects.create("project", name="second", domain_id=domain)["id"]
    assert objects.patch("project", second, name="Demo").status_code == 409
    assert objects.update("project", second, name="Second")["name"] == "Second"


def test_invalid_references_are_bad_requests(objects: Objects) -> None:
    other = objects.create("domain", name="other")["id"]
    for values in (
        {"domain_id": "nowhere"},
        {"parent_id": "nowhere"},
        {"parent_id": other},
        {"is_domain": True, "domain_id": "default"},
    ):
        response = objects.post("project", name="p", **values)
        assert response.status_code == 400, (values, response.text)
        assert message_of(response)


def test_project_of_the_first_start_keeps_its_users_under_a_new_name(objects: Objects) -> None:
    project_id = objects.listed("project", "?name=demo")[0]["id"]
    token = objects.cloud.token("demo")
    objects.update("project", project_id, name="renamed")
    other = objects.create("project", name="demo")["id"]
    response = objects.send("GET", "/auth/projects", token=token)
    assert response.status_code == 200, response.text
    assert [each["id"] for each in response.json()["projects"]] == [project_id]
    assert other != project_id


def test_update_changes_only_what_the_request_has(objects: Objects) -> None:
    made = objects.create("project", name="p", description="d", tags=["a"], more=1, other=2)
    changed = objects.update("project", made["id"], description=None, more=None)
    assert changed.pop("extra") == {"more": None, "other": 2}
    assert changed == made | {"description": None, "more": None}
    assert objects.show("project", made["id"]) == changed
    assert objects.update("project", made["id"])["name"] == "p"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"id": "x"}, 400),
        ({"domain_id": "x"}, 400),
        ({"is_domain": True}, 400),
        ({"parent_id": "a" * 32}, 403),
        ({"name": ""}, 400),
        ({"id": ..., "domain_id": "default", "parent_id": "default", "is_domain": False}, 200),
    ],
    ids=ascii,
)
def test_place_of_a_project_cannot_be_changed(
    objects: Objects, values: dict[str, Any], status: int
) -> None:
    project_id = objects.create("project", name="p")["id"]
    values = {key: project_id if value is ... else value for key, value in values.items()}
    assert objects.patch("project", project_id, **values).status_code == status


def test_tree_has_at_most_five_levels(objects: Objects) -> None:
    parent = "default"
    for level in range(5):
        parent = objects.create("project", name=f"level-{level}", parent_id=parent)["id"]
    response = objects.post("project", name="level-5", parent_id=parent)
    assert response.status_code == 403
    assert "Max hierarchy depth" in message_of(response)


def test_tree_is_enabled_from_above_and_disabled_from_below(objects: Objects) -> None:
    top = objects.create("project", name="top")["id"]
    leaf = objects.create("project", name="leaf", parent_id=top)["id"]
    assert objects.patch("project", top, enabled=False).status_code == 403
    assert objects.delete("project", top).status_code == 403
    objects.update("project", leaf, enabled=False)
    objects.update("project", top, enabled=False)
    assert objects.patch("project", leaf, enabled=True).status_code == 403
    response = objects.post("project", name="new", parent_id=top)
    assert response.status_code == 400
    assert "disabled" in message_of(response)
    assert objects.delete("project", leaf).status_code == 204
    assert objects.delete("project", top).status_code == 204
    assert objects.delete("project", top).status_code == 404


def test_projects_above_and_below_are_shown(objects: Objects) -> None:
    top = objects.create("project", name="top")["id"]
    middle = objects.create("project", name="middle", parent_id=top)["id"]
    leaf = objects.create("project", name="leaf", parent_id=middle)["id"]
    assert objects.show("project", leaf, "?parents_as_ids")["parents"] == {
        middle: {top: {"default": None}}
    }
    assert objects.show("project", top, "?subtree_as_ids")["subtree"] == {middle: {leaf: None}}
    assert objects.show("project", leaf, "?subtree_as_ids")["subtree"] is None
    # Lists have only those in which the caller has a role.
    assert objects.show("project", leaf, "?parents_as_list")["parents"] == []
    assert "parents" not in objects.show("project", leaf, "?parents_as_ids=0")
    assert "parents" not in objects.show("project", leaf, "?parents_as_ids=0&parents_as_ids=1")
    both = objects.send("GET", f"/projects/{top}?subtree_as_ids&subtree_as_list")
    assert both.status_code == 400


def test_immutable_project_is_protected_until_it_is_made_mutable(objects: Objects) -> None:
    made = objects.create("project", name="p", options={"immutable": True})["id"]
    assert objects.patch("project", made, description="x").status_code == 403
    assert objects.patch("project", made, description="x", options={}).status_code == 403
    assert objects.delete("project", made).status_code == 403
    assert objects.update("project", made, options={"immutable": False})["options"] == {
        "immutable": False
    }
    assert objects.delete("project", made).status_code == 204


def test_lists_are_filtered_and_paged(objects: Objects) -> None:
    top = objects.create("project", name="top", tags=["a", "b"])["id"]
    objects.create("project", name="leaf", parent_id=top, tags=["b"])
    assert objects.names("project", f"?parent_id={top}") == ["leaf"]
    assert objects.names("project", "?tags=a,b") == ["top"]
    assert objects.names("project", "?tags-any=a,b&name__startswith=l") == ["leaf"]
    assert objects.names("project", "?name=TOP") == ["top"]
    document = objects.send("GET", "/projects?limit=2&name__contains=").json()
    assert len(document["projects"]) == 2
    assert document["truncated"] is True
    path = document["links"]["next"].removeprefix(objects.cloud.url)
    following = objects.send("GET", path).json()
    seen = {each["id"] for each in document["projects"] + following["projects"]}
    assert len(seen) == 4
    for query in ("enabled=maybe", "name=", "parent_id=x", "limit=x", "domain_id=a_b"):
        assert objects.send("GET", f"/projects?{query}").status_code == 400, query
    assert objects.send("GET", "/projects?marker=nowhere").status_code == 404


def test_domain_is_a_project_too(objects: Objects) -> None:
    domain = objects.create("project", name="other", is_domain=True)
    assert (domain["domain_id"], domain["parent_id"], domain["is_domain"]) == (None, None, True)
    assert objects.names("project", "?is_domain=true") == ["Default", "other"]
    assert "other" not in objects.names("project")
    assert objects.show("domain", domain["id"])["name"] == "other"
    assert objects.update("project", domain["id"], enabled=False)["is_domain"] is True
    assert objects.delete("project", domain["id"]).status_code == 204
    assert objects.send("GET", f"/domains/{domain['id']}").status_code == 404


def test_domain_that_is_created_as_a_project_gets_a_new_id(objects: Objects) -> None:
    for number, ignored in enumerate(("d" * 32, "x", 5, ["a"] * 32)):
        made = objects.create(
            "project", name=f"other{number}", is_domain=True, explicit_domain_id=ignored
        )
        assert made["id"] != ignored
        assert objects.show("domain", made["id"])["name"] == f"other{number}"


def test_number_of_projects_is_bounded(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.MAX_ENTRIES, "projects", 4)
    project_id = objects.create("project", name="fourth")["id"]
    assert objects.post("project", name="fifth").status_code == 403
    objects.delete("project", project_id)
    objects.create("project", name="fifth")


def test_others_may_not_change_projects(objects: Objects) -> None:
    token = objects.cloud.token("demo")
    (own,) = objects.listed("project", "?name=demo")
    (other,) = objects.listed("project", "?name=alt")
    for method, path, document in (
        ("POST", "/projects", {"project": {"name": "p"}}),
        ("PATCH", f"/projects/{own['id']}", {"project": {"name": "p"}}),
        ("DELETE", f"/projects/{own['id']}", None),
        ("GET", f"/projects/{other['id']}", None),
        ("GET", "/projects/nowhere", None),
    ):
        response = objects.send(method, path, document, token)
        assert response.status_code == 403, (method, path, response.text)
    assert objects.send("GET", f"/projects/{own['id']}", None, token).json()["project"] == own


def test_deleted_or_disabled_project_ends_its_tokens(objects: Objects) -> None:
    token = objects.cloud.token("demo")
    (own,) = objects.listed("project", "?name=demo")
    objects.update("project", own["id"], enabled=False)
    assert objects.send("GET", "/auth/projects", None, token).status_code == 401
    objects.update("project", own["id"], enabled=True)
    assert objects.send("GET", "/auth/projects", None, token).status_code == 200
    assert objects.delete("project", own["id"]).status_code == 204
    assert objects.send("GET", "/auth/projects", None, token).status_code == 401


def test_disabled_project_is_listed_where_a_user_has_a_role(objects: Objects) -> None:
    (own,) = objects.listed("project", "?name=demo")
    (demo,) = objects.listed("user", "?name=demo")
    token = objects.cloud.login(scope="unscoped").headers["X-Subject-Token"]
    objects.update("project", own["id"], enabled=False)
    disabled = objects.show("project", own["id"])
    for path, sender in (("/auth/projects", token), (f"/users/{demo['id']}/projects", None)):
        response = objects.send("GET", path, None, sender)
        assert (response.status_code, response.json()["projects"]) == (200, [disabled])


def test_attributes_that_are_nested_too_deeply_are_refused(objects: Objects) -> None:
    deep: object = []
    for _ in range(120):
        deep = {"a": deep}
    response = objects.post("project", name="deep", other=deep)
    assert response.status_code == 400, response.text
    assert "levels" in message_of(response)


def test_a_change_that_a_crash_may_undo_is_made_and_is_not_to_be_repeated(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(private_files, "sync_directory", fail)
    response = objects.post("project", name="new")
    assert response.status_code == 503
    assert "was made, but it may be lost in a crash" in message_of(response)
    assert "Retry-After" not in response.headers
    assert "new" in objects.names("project")
