"""The Image API creates, shows and deletes images."""

import uuid
from typing import Any

import pytest

from tests.image_api.conftest import MEBIBYTE, Api
from tests.support.parameter_ids import parameter_id


def test_an_image_is_created_queued_and_shown_with_its_properties(api: Api) -> None:
    created = api.create(name="öl 😀", os_distro="debian", tags=["a", "a", "b"], min_ram=64)
    assert created["status"] == "queued"
    assert created["owner"] == "gold"
    assert created["visibility"] == "shared"
    assert created["os_distro"] == "debian"
    assert sorted(created["tags"]) == ["a", "b"]
    shown = api("GET", f"/v2/images/{created['id']}")
    assert shown.json() == created, str(shown)


def test_booleans_are_rendered_as_booleans(api: Api) -> None:
    image = api.create(protected=True, lot="booleans")
    shown = api("GET", f"/v2/images/{image['id']}").json()
    listed = api("GET", "/v2/images?lot=booleans").json()["images"][0]
    for document in (image, shown, listed):
        assert document["protected"] is True
        assert document["os_hidden"] is False


def test_protected_image_cannot_be_deleted(api: Api) -> None:
    image_id = api.create(protected=True)["id"]
    assert api("DELETE", f"/v2/images/{image_id}").status == 403
    assert (
        api.patch(image_id, {"op": "replace", "path": "/protected", "value": False}).status == 200
    )
    assert api("DELETE", f"/v2/images/{image_id}").status == 204


def test_creation_responds_with_the_location_of_the_image(api: Api) -> None:
    response = api("POST", "/v2/images", {})
    expected = f"http://127.0.0.1:{api.address[1]}/image/v2/images/{response.json()['id']}"
    assert response.header("Location") == expected


def test_admin_may_create_an_image_without_owner(api: Api) -> None:
    response = api("POST", "/v2/images", {"owner": None}, token="admin:admin")
    assert (response.status, response.json()["owner"]) == (201, None), str(response)
    assert api("POST", "/v2/images", {"owner": None}).status == 403


def test_chosen_id_can_be_used_once(api: Api) -> None:
    image_id = str(uuid.uuid4())
    assert api.create(id=image_id)["id"] == image_id
    again = api("POST", "/v2/images", {"id": image_id})
    assert again.status == 409, str(again)


def test_ids_ignore_case(api: Api) -> None:
    image_id = str(uuid.uuid4())
    assert api.create(id=image_id.upper(), lot="either case")["id"] == image_id
    for text in (image_id, image_id.upper()):
        assert api("GET", f"/v2/images/{text}").status == 200
        assert api("GET", f"/v2/images?lot=either+case&marker={text}").json()["images"] == []
        assert api("POST", "/v2/images", {"id": text}).status == 409


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ([], 400),
        ({"name": "x" * 256}, 400),
        ({"name": 1}, 400),
        ({"name": "a\0b"}, 400),
        ({"min_ram": -1}, 400),
        ({"min_ram": 2**31}, 400),
        ({"min_disk": 10**40}, 400),
        ({"min_disk": True}, 400),
        ({"disk_format": "floppy"}, 400),
        ({"visibility": "secret"}, 400),
        ({"visibility": ["public"]}, 400),
        ({"id": "no-uuid"}, 400),
        ({"tags": "a"}, 400),
        ({"tags": [1]}, 400),
        ({"tags": ["x" * 256]}, 400),
        ({"colour": None}, 400),
        ({"colour": {"deep": "red"}}, 400),
        ({"k" * 256: "x"}, 400),
        ({"self": "/v2/x"}, 403),
        ({"status": "active"}, 403),
        ({"deleted": "yes"}, 403),
        ({"os_glance_import_task": "x"}, 403),
        ({"owner": "alt"}, 403),
        ({"visibility": "public"}, 403),
        ({f"key{number}": "x" for number in range(129)}, 413),
        ({"tags": [f"tag{number}" for number in range(129)]}, 413),
    ],
    ids=parameter_id,
)
def test_invalid_document_is_refused(api: Api, document: Any, status: int) -> None:
    response = api("POST", "/v2/images", document)
    assert response.status == status, str(response)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"name": "\\ud800"}', 400),
        (b'{"min_ram": 1e999}', 400),
        (b"[" * 100_000, 400),
        (b'{"name": "' + b"x" * 2 * MEBIBYTE + b'"}', 413),
    ],
    ids=parameter_id,
)
def test_invalid_json_is_refused(api: Api, body: bytes, status: int) -> None:
    response = api("POST", "/v2/images", body)
    assert response.status == status, str(response)


def test_admin_may_publish_an_image_and_change_its_owner(api: Api) -> None:
    document = {"visibility": "public", "owner": "alt"}
    response = api("POST", "/v2/images", document, token="admin:admin")
    assert (response.status, response.json()["owner"]) == (201, "alt"), str(response)


def test_image_of_another_project_is_404(api: Api) -> None:
    image = api.create(visibility="private")
    change = {"op": "replace", "path": "/name", "value": "mine"}
    path = f"/v2/images/{image['id']}"
    assert api("GET", path, token="alt:alt").status == 404
    assert api("DELETE", path, token="alt:alt").status == 404
    assert api.patch(image["id"], change, token="alt:alt").status == 404


def test_deleted_image_is_404(api: Api) -> None:
    image_id = api.create()["id"]
    response = api("DELETE", f"/v2/images/{image_id}")
    assert (response.status, response.body) == (204, b"")
    assert api("GET", f"/v2/images/{image_id}").status == 404


@pytest.mark.parametrize(
    ("document", "status"),
    [
        *(({"status": value}, 400) for value in ("x", 1, None)),
        ({"status": "queued"}, 403),
        *(({"size": value}, status) for value, status in (("x", 400), (1, 403), (None, 403))),
        *(({"checksum": value}, status) for value, status in ((1, 400), ("x", 403), (None, 403))),
        *(({key: None}, 400) for key in ("created_at", "updated_at", "location", "deleted")),
        *(({key: "x"}, 403) for key in ("created_at", "updated_at", "location", "deleted")),
        *(({key: 1}, 403) for key in ("direct_url", "self", "file", "schema", "stores")),
        ({"locations": "x"}, 400),
        ({"locations": []}, 403),
        ({"status": "queued", "name": 1}, 400),
        ({"status": "queued", "k" * 256: "x"}, 400),
    ],
    ids=parameter_id,
)
def test_attribute_that_no_client_may_set_is_403_but_400_with_a_wrong_type(
    api: Api, document: dict[str, Any], status: int
) -> None:
    response = api("POST", "/v2/images", document)
    assert response.status == status, str(response)


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        ({"min_ram": 2**31}, 400),
        ({"min_disk": -1}, 400),
        ({"tags": [str(number) for number in range(129)]}, 413),
        ({f"key{number}": "x" for number in range(129)}, 413),
    ],
    ids=parameter_id,
)
def test_permission_is_checked_before_the_limits_of_a_new_image(
    api: Api, limit: dict[str, Any], status: int
) -> None:
    assert api("POST", "/v2/images", limit).status == status
    public = api("POST", "/v2/images", {**limit, "visibility": "public"})
    assert public.status == 403, str(public)
