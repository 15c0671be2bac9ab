"""Users are created, changed and deleted, and change their own passwords."""

from typing import Any

import pytest

from glimpse.identity.embedded import limits
from tests.identity.cloud import message_of
from tests.identity_api.objects import Objects

SECRET = "a secret phrase"


def test_new_user_has_the_defaults_and_is_shown(objects: Objects) -> None:
    made = objects.create("user", name=" new ")
    assert made == {
        "id": made["id"],
        "name": "new",
        "domain_id": "default",
        "enabled": True,
        "password_expires_at": None,
        "options": {},
        "links": {"self": f"{objects.cloud.url}/users/{made['id']}"},
    }
    assert objects.show("user", made["id"]) == made


def test_attributes_of_the_client_are_kept(objects: Objects) -> None:
    wanted = {"email": "a@b", "description": None, "default_project_id": "nowhere", "more": [1]}
    options = {"lock_password": True, "multi_factor_auth_rules": [["password", "totp"]]}
    made = objects.create("user", name="u", options=options, **wanted)
    assert {key: made[key] for key in wanted} == wanted
    assert made["options"] == options
    changed = objects.update("user", made["id"], email=None, more=None, default_project_id=None)
    assert changed["extra"] == {"email": None, "description": None, "more": None}
    assert (changed["email"], changed["more"]) == (None, None)
    assert "default_project_id" not in changed
    changed = objects.update("user", made["id"], email="c@d", options={"lock_password": None})
    assert (changed["email"], "lock_password" in changed["options"]) == ("c@d", False)


def test_password_is_stored_as_a_hash_only_and_never_shown(objects: Objects) -> None:
    made = objects.create("user", name="u", password=SECRET)
    assert "password" not in made
    content = objects.cloud.identity.identity_file.path.read_text()
    assert SECRET not in content
    assert objects.login("u", SECRET).status_code == 201
    assert objects.login("u", "wrong").status_code == 401
    changed = objects.update("user", made["id"], password=f"another {SECRET}")
    assert "password" not in changed
    assert SECRET not in objects.cloud.identity.identity_file.path.read_text()
    assert objects.login("u", f"another {SECRET}").status_code == 201


def test_user_without_a_password_cannot_log_in_by_password(objects: Objects) -> None:
    made = objects.create("user", name="u", password=None)
    for guess in ("", "none", "None"):
        assert objects.login("u", guess).status_code in (400, 401)
    objects.update("user", made["id"], password=SECRET)
    assert objects.login("u", SECRET).status_code == 201
    objects.update("user", made["id"], password=None)
    assert objects.login("u", SECRET).status_code == 401


def test_readable_password_of_the_file_is_replaced_by_a_hash(objects: Objects) -> None:
    (demo,) = objects.listed("user", "?name=demo")
    password = objects.cloud.password("demo")
    objects.update("user", demo["id"], password=SECRET)
    found = objects.cloud.directory.users[demo["id"]]
    assert found.password is None
    assert found.password_hash is not None
    assert objects.login("demo", password).status_code == 401
    assert objects.login("demo", SECRET).status_code == 201


def test_name_is_unique_in_its_domain_without_regard_to_case(objects: Objects) -> None:
    assert objects.post("user", name="DEMO").status_code == 409
    domain = objects.create("domain", name="other")["id"]
    objects.create("user", name="demo", domain_id=domain)
    second = objects.create("user", name="second")["id"]
    assert objects.patch("user", second, name="Demo").status_code == 409
    assert objects.update("user", second, name="Second")["name"] == "Second"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"domain_id": "nowhere"}, 404),
        ({"default_project_id": "default"}, 400),
        ({"enabled": "true"}, 400),
        ({"password": 5}, 400),
        ({"federated": [{}]}, 400),
    ],
    ids=ascii,
)
def test_invalid_user_is_not_created(objects: Objects, values: dict[str, Any], status: int) -> None:
    response = objects.post("user", name="u", **values)
    assert response.status_code == status, response.text
    assert message_of(response)
    assert "u" not in objects.names("user")


def test_id_and_domain_cannot_be_changed(objects: Objects) -> None:
    made = objects.create("user", name="u")["id"]
    for values in ({"id": "x"}, {"domain_id": "x"}, {"default_project_id": "default"}, {}):
        assert objects.patch("user", made, **values).status_code == 400, values
    assert objects.patch("user", "nowhere", name="x").status_code == 404
    objects.update("user", made, id=made, domain_id="default")


def test_disabled_or_deleted_user_has_no_valid_token(objects: Objects) -> None:
    made = objects.create("user", name="u", password=SECRET)["id"]
    token = objects.login("u", SECRET).headers["X-Subject-Token"]
    assert objects.send("GET", f"/users/{made}", None, token).status_code == 200
    objects.update("user", made, enabled=False)
    assert objects.send("GET", f"/users/{made}", None, token).status_code == 401
    objects.update("user", made, enabled=True)
    assert objects.send("GET", f"/users/{made}", None, token).status_code == 401
    objects.cloud.clock.now += 1
    token = objects.login("u", SECRET).headers["X-Subject-Token"]
    objects.update("user", made, enabled=True)
    assert objects.send("GET", f"/users/{made}", None, token).status_code == 200
    assert objects.delete("user", made).status_code == 204
    assert objects.send("GET", f"/users/{made}", None, token).status_code == 401
    assert objects.delete("user", made).status_code == 404


def test_new_password_ends_the_tokens(objects: Objects) -> None:
    made = objects.create("user", name="u", password=SECRET)["id"]
    token = objects.login("u", SECRET).headers["X-Subject-Token"]
    objects.update("user", made, password=f"another {SECRET}")
    assert objects.send("GET", f"/users/{made}", None, token).status_code == 401


def test_deleted_user_leaves_no_application_credential(objects: Objects) -> None:
    token = objects.cloud.token("demo")
    assert objects.cloud.create_credential(token).status_code == 201
    (demo,) = objects.listed("user", "?name=demo")
    objects.delete("user", demo["id"])
    assert objects.cloud.directory.application_credentials == {}
    assert "demo" in objects.names("project")


def test_lists_are_filtered(objects: Objects) -> None:
    objects.create("user", name="u", enabled=False)
    assert objects.names("user", "?enabled=false") == ["u"]
    assert objects.names("user", "?name__iendswith=O") == ["demo"]
    assert objects.names("user", "?domain_id=nowhere") == []
    assert objects.names("user", "?password_expires_at=lt:2030-01-01T00:00:00Z") == []
    assert objects.names("user", "?idp_id=x") == []
    for query in ("domain_id=a_b", "password_expires_at=x", "sort_dir=up"):
        assert objects.send("GET", f"/users?{query}").status_code == 400, query


def test_number_of_users_is_bounded(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.MAX_ENTRIES, "users", 4)
    objects.create("user", name="fourth")
    assert objects.post("user", name="fifth").status_code == 403


def test_others_may_not_change_users_nor_see_others(objects: Objects) -> None:
    token = objects.cloud.token("demo")
    (own,) = objects.listed("user", "?name=demo")
    (other,) = objects.listed("user", "?name=alt")
    assert objects.send("GET", f"/users/{own['id']}", None, token).status_code == 200
    for method, path, document in (
        ("GET", f"/users/{other['id']}", None),
        ("GET", "/users/nobody", None),
        ("GET", "/users", None),
        ("POST", "/users", {"user": {"name": "u"}}),
        ("PATCH", f"/users/{own['id']}", {"user": {"name": "u"}}),
        ("DELETE", f"/users/{own['id']}", None),
    ):
        assert objects.send(method, path, document, token).status_code == 403, (method, path)
