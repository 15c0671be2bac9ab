"""Locations of images through the Image API: shown to admins, and never added."""

from pathlib import Path

import pytest

from tests.image_api.conftest import Api


def test_only_an_admin_sees_the_url_of_the_data(api: Api) -> None:
    image_id = api.create_with_data(b"data", visibility="community")
    path = f"/v2/images/{image_id}/locations"
    assert api("GET", path).status == 403
    assert api("GET", "/v2/images/nothing/locations").status == 404
    (location,) = api("GET", path, token="admin:gold").json()
    assert location["metadata"] == {"store": "store"}
    assert Path(location["url"].removeprefix("file://")).read_bytes() == b"data"
    queued = api("GET", f"/v2/images/{api.create()['id']}/locations", token="admin:gold")
    assert (queued.status, queued.json()) == (200, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"url": "http://a.example/x"}, 403),
        ({"url": "http://a.example/x", "validation_data": {}}, 403),
        ({"url": "http://a.example/x", "validation_data": {"os_hash_algo": "md5"}}, 400),
        ({"url": 1}, 400),
        ([], 400),
    ],
)
def test_a_location_cannot_be_added(api: Api, body: object, status: int) -> None:
    queued = api("POST", f"/v2/images/{api.create()['id']}/locations", body)
    assert queued.status == status, str(queued)
    active = api("POST", f"/v2/images/{api.create_with_data(b'x')}/locations", body)
    assert active.status == (409 if status == 403 else 400), str(active)
