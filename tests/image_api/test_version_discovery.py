"""Version discovery, repeated path segments and slashes, and schemas."""

import pytest

from tests.image_api.conftest import Api


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("", 300), ("/", 300), ("/versions", 200), ("/versions/x", 200), ("/v2", 300)),
        *(("/v2/", 300), ("/v2/versions", 200), ("/v2.9/versions", 200), ("/v1/images", 300)),
        *(("/v2.14/images", 300), ("/v2.18", 300), ("/v3/", 300), ("/V2/images", 300), ("/x", 300)),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_versions_are_shown_without_a_token(api: Api, method: str, path: str, status: int) -> None:
    response = api(method, path, token=None)
    assert response.status == status, str(response)
    (current,) = (each for each in response.json()["versions"] if each["status"] == "CURRENT")
    assert current["id"] == "v2.17"
    assert current["links"][0]["href"] == f"http://127.0.0.1:{api.address[1]}/image/v2/"


def test_each_version_has_paths_of_its_own(api: Api) -> None:
    image = api.create()
    for version in api("GET", "/versions").json()["versions"]:
        shown = api("GET", f"/{version['id']}/images/{image['id']}")
        assert (shown.status, shown.json()) == (200, image), str(shown)


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
