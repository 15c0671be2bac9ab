"""The Image API shows its only store."""

from pathlib import Path

import pytest

from tests.image_api.conftest import Api


def test_the_only_store_is_the_default(api: Api) -> None:
    assert api("GET", "/v2/info/stores").json() == {"stores": [{"id": "store", "default": "true"}]}


def test_only_an_admin_sees_the_directory_of_the_data(api: Api) -> None:
    assert api("GET", "/v2/info/stores/detail").status == 403
    (store,) = api("GET", "/v2/info/stores/detail", token="admin:admin").json()["stores"]
    assert store["type"] == "file"
    image_id = api.create_with_data(b"data")
    assert (Path(store["properties"]["data_dir"]) / image_id).read_bytes() == b"data"


def test_an_image_with_data_names_its_store(api: Api) -> None:
    response = api("POST", "/v2/images", {})
    assert response.header("OpenStack-image-store-ids") == "store"
    assert "stores" not in response.json()
    image_id = api.create_with_data(b"data", lot="stores")
    assert api("GET", f"/v2/images/{image_id}").json()["stores"] == "store"
    (listed,) = api("GET", "/v2/images?lot=stores").json()["images"]
    assert listed["stores"] == "store"
    assert api("POST", f"/v2/images/{image_id}/actions/deactivate").status == 204
    assert "stores" not in api("GET", f"/v2/images/{image_id}").json()


@pytest.mark.parametrize(
    ("names", "status"), [("store", 200), ("", 200), (" store ,", 200), ("store,other", 400)]
)
def test_a_download_may_prefer_the_store(api: Api, names: str, status: int) -> None:
    image_id = api.create_with_data(b"data")
    target = f"/v2/images/{image_id}/file?prefer={names.replace(' ', '%20')}"
    assert api("GET", target).status == status


def test_data_cannot_be_removed_from_its_only_store(api: Api) -> None:
    active, queued = api.create_with_data(b"data"), api.create()["id"]
    for store, image_id, token, status in (
        ("store", active, "admin:admin", 403),
        ("store", queued, "admin:admin", 409),
        ("nowhere", active, "admin:admin", 409),
        ("store", "nothing", "admin:admin", 404),
        ("store", active, "demo:gold", 403),
        ("store", active, None, 401),
    ):
        response = api("DELETE", f"/v2/stores/{store}/{image_id}", token=token)
        assert response.status == status, str(response)
    assert api("DELETE", f"/v2/stores/store/{active}", {}, token="admin:admin").status == 400
    assert api("GET", f"/v2/images/{active}/file").body == b"data"
