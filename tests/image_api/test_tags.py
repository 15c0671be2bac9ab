"""The Image API adds and removes single tags of images."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.image_api.conftest import Api
from tests.support.parameter_ids import parameter_id


def test_a_tag_is_added_once_and_removed_once(api: Api) -> None:
    image = api.create(tags=["b"])
    tag = f"/v2/images/{image['id']}/tags/a"
    for method, status, tags in (
        ("DELETE", 404, ["b"]),
        ("PUT", 204, ["a", "b"]),
        ("PUT", 204, ["a", "b"]),
        ("DELETE", 204, ["b"]),
        ("DELETE", 404, ["b"]),
    ):
        response = api(method, tag)
        assert (response.status, response.body == b"") == (status, status == 204), str(response)
        assert sorted(api("GET", image["self"]).json()["tags"]) == tags


@pytest.mark.parametrize(
    ("encoded", "tag"),
    [("%C3%A4%20b", "ä b"), ("a+b", "a+b"), ("%25", "%"), ("%3F%23", "?#"), ("A", "A")],
    ids=parameter_id,
)
def test_a_tag_is_percent_decoded(api: Api, encoded: str, tag: str) -> None:
    image = api.create()
    assert api("PUT", f"/v2/images/{image['id']}/tags/{encoded}").status == 204
    assert api("GET", image["self"]).json()["tags"] == [tag]
    assert api("DELETE", f"/v2/images/{image['id']}/tags/{encoded}").status == 204


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ("x" * 255, 204),
        ("x" * 256, 400),
        ("%C3%A4" * 256, 400),
        ("a%00b", 400),
        ("%FF", 400),
        ("a%2Fb", 404),
    ],
    ids=parameter_id,
)
def test_a_tag_has_at_most_255_characters(api: Api, tag: str, status: int) -> None:
    image = api.create()
    response = api("PUT", f"/v2/images/{image['id']}/tags/{tag}")
    assert response.status == status, str(response)
    assert len(api("GET", image["self"]).json()["tags"]) == (status == 204)


def test_an_image_has_at_most_128_tags(api: Api) -> None:
    image = api.create(tags=[f"t{number}" for number in range(127)])
    tags = f"/v2/images/{image['id']}/tags"
    assert [api("PUT", f"{tags}/{tag}").status for tag in ("new", "t0", "more")] == [204, 204, 413]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("visibility", "token", "status"),
    [
        ("shared", "user:silver", 404),
        ("community", "user:silver", 403),
        ("shared", "admin:admin", 204),
    ],
)
def test_only_the_owner_and_admins_change_tags(
    api: Api, method: str, visibility: str, token: str, status: int
) -> None:
    image = api.create(visibility=visibility, tags=["t"])
    assert api(method, f"/v2/images/{image['id']}/tags/t", token=token).status == status


def test_simultaneous_writers_of_other_tags_lose_none(api: Api) -> None:
    image = api.create(tags=[f"old{number}" for number in range(20)])

    def change(number: int) -> list[int]:
        tags = f"/v2/images/{image['id']}/tags"
        return [
            api("PUT", f"{tags}/new{number}").status,
            api("DELETE", f"{tags}/old{number}").status,
        ]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(change, range(20))) == [[204, 204]] * 20
    found = api("GET", image["self"]).json()["tags"]
    assert sorted(found) == sorted(f"new{number}" for number in range(20))
