"""Domains are created, changed, disabled and deleted with all that is in them."""

import pytest

from glimpse.identity.embedded import limits
from tests.identity.cloud import message_of
from tests.identity_api.objects import Objects


def test_new_domain_has_the_defaults_and_is_shown(objects: Objects) -> None:
    made = objects.create("domain", name=" new ", more={"a": 1})
    link = f"{objects.cloud.url}/domains/{made['id']}"
    assert made == {
        "id": made["id"],
        "name": "new",
        "description": "",
        "enabled": True,
        "tags": [],
        "options": {},
        "more": {"a": 1},
        "links": {"self": link},
    }
    assert objects.show("domain", made["id"]) == made
    assert objects.names("domain") == ["Default", "new"]
    assert objects.names("domain", "?name=NEW&enabled=true") == ["new"]


def test_client_may_choose_the_id(objects: Objects) -> None:
    assert objects.create("domain", name="a", explicit_domain_id="a" * 32)["id"] == "a" * 32
    assert objects.post("domain", name="b", explicit_domain_id="a" * 32).status_code == 409
    assert objects.post("domain", name="b", explicit_domain_id="x").status_code == 400


def test_name_is_unique_without_regard_to_case(objects: Objects) -> None:
    assert objects.post("domain", name="default").status_code == 409
    made = objects.create("domain", name="new")["id"]
    assert objects.patch("domain", made, name="DEFAULT").status_code == 409
    assert objects.update("domain", made, name="New")["name"] == "New"


def test_update_changes_only_what_the_request_has(objects: Objects) -> None:
    made = objects.create("domain", name="new", description="d", tags=["a"], more=1)
    changed = objects.update("domain", made["id"], description=None, other=2)
    assert changed == made | {"description": None, "other": 2}
    assert objects.show("domain", made["id"]) == changed
    assert objects.patch("domain", "nowhere", description="e").status_code == 404


@pytest.mark.parametrize("value", ["other", "", None, 1])
def test_id_in_an_update_is_ignored(objects: Objects, value: object) -> None:
    """Keystone refuses another id of all other objects, but not of domains."""
    made = objects.create("domain", name="new")
    assert objects.update("domain", made["id"], id=value, description="d") == made | {
        "description": "d"
    }
    assert objects.names("domain") == ["Default", "new"]


def test_domain_default_can_be_changed_but_not_deleted(objects: Objects) -> None:
    assert objects.update("domain", "default", description="d")["description"] == "d"
    assert objects.show("domain", "default")["description"] == "d"
    assert objects.delete("domain", "default").status_code == 403
    assert objects.names("domain") == ["Default"]


def test_only_a_disabled_domain_is_deleted_with_its_content(objects: Objects) -> None:
    domain = objects.create("domain", name="new")["id"]
    project = objects.create("project", name="p", domain_id=domain)["id"]
    objects.create("project", name="below", domain_id=domain, parent_id=project)
    user = objects.create("user", name="u", domain_id=domain)["id"]
    response = objects.delete("domain", domain)
    assert response.status_code == 403
    assert "disable it first" in message_of(response)
    objects.update("domain", domain, enabled=False)
    assert objects.delete("domain", domain).status_code == 204
    assert objects.send("GET", f"/users/{user}").status_code == 404
    assert objects.send("GET", f"/projects/{project}").status_code == 404
    assert objects.names("project") == ["admin", "alt", "demo"]
    assert objects.delete("domain", domain).status_code == 404


def test_domain_with_an_immutable_project_is_deleted_after_the_project_is_made_mutable(
    objects: Objects,
) -> None:
    domain = objects.create("domain", name="new")["id"]
    project = objects.create("project", name="p", domain_id=domain, options={"immutable": True})
    other = objects.create("project", name="other", domain_id=domain)["id"]
    objects.update("domain", domain, enabled=False)
    response = objects.delete("domain", domain)
    assert response.status_code == 403
    assert f"The project {project['id']} is immutable" in message_of(response)
    assert objects.show("project", other)["name"] == "other"
    objects.update("project", project["id"], options={"immutable": False})
    assert objects.delete("domain", domain).status_code == 204


def test_immutable_domain_is_protected_until_it_is_made_mutable(objects: Objects) -> None:
    made = objects.create("domain", name="new", enabled=False, options={"immutable": True})["id"]
    assert objects.patch("domain", made, description="x").status_code == 403
    assert objects.patch("domain", made, tags=["x"]).status_code == 403
    assert objects.delete("domain", made).status_code == 403
    objects.update("domain", made, options={"immutable": None})
    assert objects.delete("domain", made).status_code == 204


def test_tokens_of_a_domain_are_refused_while_it_is_disabled(objects: Objects) -> None:
    domain = objects.create("domain", name="new")
    user = objects.create("user", name="u", domain_id=domain["id"], password="secret")
    login = {"id": user["id"], "password": "secret"}
    identity = {"methods": ["password"], "password": {"user": login}}
    response = objects.cloud.post({"auth": {"identity": identity}})
    assert response.status_code == 201, response.text
    token = response.headers["X-Subject-Token"]
    path = f"/users/{user['id']}"
    assert objects.send("GET", path, None, token).status_code == 200
    objects.update("domain", domain["id"], enabled=False)
    assert objects.send("GET", path, None, token).status_code == 401
    assert objects.cloud.post({"auth": {"identity": identity}}).status_code == 401
    # As in Keystone, which revokes no tokens when a domain is disabled.
    objects.update("domain", domain["id"], enabled=True)
    assert objects.send("GET", path, None, token).status_code == 200


def test_number_of_domains_is_bounded(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.MAX_ENTRIES, "domains", 1)
    objects.create("domain", name="one")
    assert objects.post("domain", name="two").status_code == 403


def test_others_may_see_their_domain_and_change_none(objects: Objects) -> None:
    token = objects.cloud.token("demo")
    made = objects.create("domain", name="new")["id"]
    assert objects.send("GET", "/domains/default", None, token).status_code == 200
    for method, path, document in (
        ("GET", f"/domains/{made}", None),
        ("GET", "/domains/nowhere", None),
        ("GET", "/domains", None),
        ("POST", "/domains", {"domain": {"name": "d"}}),
        ("PATCH", "/domains/default", {"domain": {"name": "d"}}),
        ("DELETE", f"/domains/{made}", None),
        ("PATCH", f"/domains/{made}", {"domain": {"name": "d"}}),
    ):
        assert objects.send(method, path, document, token).status_code == 403, (method, path)
    assert objects.send("DELETE", "/domains/nowhere", None, token).status_code == 404
