"""Users change their own passwords, for which they need the original one, and no token."""

import pytest
import requests

from tests.identity.cloud import message_of
from tests.identity_api.objects import Objects

OLD, NEW = "the old phrase", "the new phrase"


@pytest.fixture
def user_id(objects: Objects) -> str:
    """The id of a new user ``u`` with the password OLD."""
    made: str = objects.create("user", name="u", password=OLD)["id"]
    return made


def change(objects: Objects, user_id: str, **values: object) -> requests.Response:
    document = {"user": {"original_password": OLD, "password": NEW} | values}
    return objects.send("POST", f"/users/{user_id}/password", document, "")


def test_new_password_takes_the_place_of_the_old_one(objects: Objects, user_id: str) -> None:
    response = change(objects, user_id)
    assert (response.status_code, response.content) == (204, b"")
    assert objects.login("u", OLD).status_code == 401
    assert objects.login("u", NEW).status_code == 201
    assert NEW not in objects.cloud.identity.identity_file.path.read_text()


def test_all_tokens_of_the_user_end(objects: Objects, user_id: str) -> None:
    token = objects.login("u", OLD).headers["X-Subject-Token"]
    assert objects.send("GET", f"/users/{user_id}", None, token).status_code == 200
    change(objects, user_id)
    assert objects.send("GET", f"/users/{user_id}", None, token).status_code == 401


def test_wrong_original_password_is_unauthorized(objects: Objects, user_id: str) -> None:
    for response in (
        change(objects, user_id, original_password="wrong"),
        change(objects, user_id, original_password="x" * 5000),
        change(objects, "nobody"),
        change(objects, objects.create("user", name="without")["id"]),
    ):
        assert response.status_code == 401, response.text
        assert "WWW-Authenticate" in response.headers
    assert objects.login("u", OLD).status_code == 201


def test_disabled_user_may_not_change_the_password(objects: Objects, user_id: str) -> None:
    objects.update("user", user_id, enabled=False)
    assert change(objects, user_id).status_code == 401


def test_locked_password_is_not_changed(objects: Objects, user_id: str) -> None:
    objects.update("user", user_id, options={"lock_password": True})
    response = change(objects, user_id)
    assert response.status_code == 400
    assert "locked" in message_of(response)
    assert change(objects, user_id, original_password="wrong").status_code == 401
    assert objects.login("u", OLD).status_code == 201


@pytest.mark.parametrize(
    "values", [{"password": None}, {"password": "x" * 4097}, {"more": 1}, {"password": "a\0"}]
)
def test_invalid_body_is_a_bad_request(
    objects: Objects, user_id: str, values: dict[str, object]
) -> None:
    response = change(objects, user_id, **values)
    assert response.status_code == 400
    assert message_of(response)
    path = f"/users/{user_id}/password"
    documents: tuple[object, ...] = ({}, {"user": []}, {"user": {"password": NEW}}, [])
    for document in documents:
        assert objects.send("POST", path, document, "").status_code == 400


def test_password_is_not_read(objects: Objects, user_id: str) -> None:
    assert objects.send("GET", f"/users/{user_id}/password").status_code == 405
