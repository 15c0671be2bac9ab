"""Version discovery, repeated path segments and slashes, and schemas."""

import pytest

from tests.image_api.conftest import Api


@pytest.mark.parametrize(
    ("path", "status"),
    [("", 300), ("/", 300), ("/versions", 200), ("/v2", 300), ("/v2/", 300), ("/v2/versions", 200)],
)
def test_versions_are_shown_without_a_token(api: Api, path: str, status: int) -> None:
    response = api("GET", path, token=None)
    assert response.status == status, str(response)
    current = response.json()["versions"][0]
    assert current["status"] == "CURRENT"
    assert current["links"][0]["href"] == f"http://127.0.0.1:{api.address[1]}/image/v2/"


def test_version_may_be_repeated_in_the_path(api: Api) -> None:
    image = api.create()
    response = api("GET", f"/v2/v2/images/{image['id']}")
    assert (response.status, response.json()) == (200, image), str(response)


@pytest.mark.parametrize("path", ["//v2/images/{}", "/v2//images/{}", "///v2/v2///images//{}"])
def test_slashes_in_a_row_count_as_one(api: Api, path: str) -> None:
    image = api.create()
    response = api("GET", path.format(image["id"]))
    assert (response.status, response.json()) == (200, image), str(response)


def test_schema_lists_the_attributes(api: Api) -> None:
    schema = api("GET", "/v2/schemas/image").json()
    assert set(api.create()) <= set(schema["properties"])
    images = api("GET", "/v2/schemas/images").json()
    assert images["properties"]["images"]["items"] == schema
