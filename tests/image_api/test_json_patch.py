"""JSON patches of images, in both media types."""

from typing import Any

import pytest

from tests.image_api.conftest import PATCH, Api
from tests.support.parameter_ids import parameter_id

OLD_PATCH = "application/openstack-images-v2.0-json-patch"


def test_patch_changes_only_the_keys_it_names(api: Api) -> None:
    image = api.create(name="old", colour="red", shape="round", **{"a/b": "slash"})
    response = api.patch(
        image["id"],
        {"op": "replace", "path": "/name", "value": "new"},
        {"op": "add", "path": "/size_class", "value": "xl"},
        {"op": "remove", "path": "/colour"},
        {"op": "replace", "path": "/a~1b", "value": "still"},
        {"op": "replace", "path": "/tags", "value": ["t"]},
    )
    assert response.status == 200, str(response)
    kept = {key: value for key, value in image.items() if key not in ("colour", "updated_at")}
    changes = {"name": "new", "size_class": "xl", "a/b": "still", "tags": ["t"]}
    shown = response.json()
    assert shown.pop("updated_at") >= image["updated_at"]
    assert shown == {**kept, **changes}


def test_property_with_an_empty_key_can_be_removed(api: Api) -> None:
    image = api.create(**{"": "nameless"})
    response = api.patch(image["id"], {"op": "remove", "path": "/"})
    assert response.status == 200, str(response)
    assert "" not in response.json()


def test_v2_0_patch_is_applied(api: Api) -> None:
    image = api.create(colour="red")
    response = api.patch(image["id"], {"replace": "/colour", "value": "blue"}, kind=OLD_PATCH)
    assert response.json()["colour"] == "blue", str(response)
    again = api.patch(image["id"], {"add": "/colour", "value": "x"}, kind=OLD_PATCH)
    assert again.status == 409, str(again)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("text", 400),
        ({}, 400),
        ({"op": "test", "path": "/name", "value": "x"}, 400),
        ({"op": ["add"], "path": "/name", "value": "x"}, 400),
        ({"op": "add", "value": "x"}, 400),
        ({"op": "add", "path": "/name"}, 400),
        ({"op": "add", "path": "name", "value": "x"}, 400),
        ({"op": "add", "path": 7, "value": "x"}, 400),
        ({"op": "add", "path": "/a/b", "value": "x"}, 400),
        ({"op": "add", "path": "/a~2", "value": "x"}, 400),
        ({"op": "remove", "path": "/"}, 409),
        ({"op": "add", "path": "/colour", "value": 1}, 400),
        ({"op": "replace", "path": "/min_ram", "value": "1"}, 400),
        ({"op": "replace", "path": "/id", "value": "70a599e0-31e7-49b7-b260-868f441e862b"}, 403),
        ({"op": "replace", "path": "/status", "value": "active"}, 403),
        ({"op": "replace", "path": "/location", "value": "x"}, 403),
        ({"op": "replace", "path": "/status", "value": 1}, 403),
        ({"op": "replace", "path": "/status"}, 400),
        ({"op": "replace", "path": "/stores", "value": 1}, 400),
        ({"op": "replace", "path": "/stores", "value": "x"}, 403),
        ({"op": "add", "path": "/locations/-", "value": {"url": "x", "metadata": {}}}, 403),
        ({"op": "add", "path": "/locations/-", "value": {"url": "x"}}, 400),
        ({"op": "add", "path": "/locations", "value": []}, 400),
        ({"op": "replace", "path": "/locations", "value": []}, 403),
        ({"op": "replace", "path": "/locations", "value": "x"}, 400),
        ({"op": "replace", "path": "/locations/0", "value": []}, 400),
        ({"op": "remove", "path": "/locations"}, 400),
        ({"op": "remove", "path": "/locations/0"}, 403),
        ({"op": "remove", "path": "/locations/"}, 400),
        ({"op": "replace", "path": "/owner", "value": "alt"}, 403),
        ({"op": "replace", "path": "/visibility", "value": "public"}, 403),
        ({"op": "remove", "path": "/name"}, 403),
        ({"op": "remove", "path": "/missing"}, 409),
        ({"op": "replace", "path": "/missing", "value": "x"}, 409),
    ],
    ids=parameter_id,
)
def test_invalid_patch_changes_nothing(api: Api, change: Any, status: int) -> None:
    image = api.create(name="kept")
    response = api.patch(image["id"], {"op": "replace", "path": "/name", "value": "lost"}, change)
    assert response.status == status, str(response)
    assert api("GET", f"/v2/images/{image['id']}").json() == image


def test_a_patch_above_the_property_quota_is_refused(api: Api) -> None:
    image = api.create()
    changes = [{"op": "add", "path": f"/key{n}", "value": "x"} for n in range(129)]
    assert api.patch(image["id"], *changes[:128]).status == 200
    response = api.patch(image["id"], changes[128])
    assert response.status == 413, str(response)


def test_patch_of_another_media_type_is_415_with_accept_patch(api: Api) -> None:
    image = api.create()
    response = api.patch(image["id"], kind="application/json")
    assert response.status == 415, str(response)
    assert PATCH in (response.header("Accept-Patch") or "")
