"""The tags of projects, and of domains, are listed, set and deleted."""

import pytest

from tests.identity_api.objects import Objects


@pytest.fixture(params=["project", "domain"])
def path(request: pytest.FixtureRequest, objects: Objects) -> str:
    """The path of the tags of a new project or domain."""
    return f"/projects/{objects.create(request.param, name='new')['id']}/tags"


def tags(objects: Objects, path: str) -> list[str]:
    response = objects.send("GET", path)
    assert response.status_code == 200, response.text
    document = response.json()
    assert document["links"] == {"self": objects.cloud.url + path}
    found: list[str] = document["tags"]
    return found


def test_tags_are_added_and_deleted_one_by_one(objects: Objects, path: str) -> None:
    for tag in ("first", "a%20b"):
        response = objects.send("PUT", f"{path}/{tag}")
        assert (response.status_code, response.content) == (201, b"")
    assert tags(objects, path) == ["first", "a b"]
    for method in ("GET", "HEAD"):
        assert objects.send(method, f"{path}/first").status_code == 204
    assert objects.send("PUT", f"{path}/first").status_code == 400
    assert objects.send("DELETE", f"{path}/first").status_code == 204
    for method in ("GET", "DELETE"):
        assert objects.send(method, f"{path}/first").status_code == 404
    assert tags(objects, path) == ["a b"]


def test_location_of_a_new_tag_is_percent_encoded(objects: Objects, path: str) -> None:
    for tag in ("a%20b", "%E6%97%A5", "a%0Ab", "a%3Fb"):
        response = objects.send("PUT", f"{path}/{tag}")
        assert response.status_code == 201, (tag, response.text)
        assert response.headers["location"] == f"{objects.cloud.url}{path}/{tag}"
    assert tags(objects, path) == ["a b", "日", "a\nb", "a?b"]


def test_location_of_a_new_tag_encodes_the_id_that_an_operator_wrote(objects: Objects) -> None:
    identity_file = objects.cloud.identity.identity_file
    identity_file.change(lambda file, _: file["projects"].append({"id": "\u65e5 1", "name": "new"}))
    path = "/projects/%E6%97%A5%201/tags"
    response = objects.send("PUT", f"{path}/first")
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"{objects.cloud.url}{path}/first"
    assert tags(objects, path) == ["first"]


def test_tags_are_replaced_and_deleted_together(objects: Objects, path: str) -> None:
    response = objects.send("PUT", path, {"tags": ["x", "y"]})
    assert response.status_code == 200, response.text
    assert response.json()["tags"] == tags(objects, path) == ["x", "y"]
    assert objects.send("DELETE", path).status_code == 204
    assert tags(objects, path) == []


def test_invalid_tags_are_refused(objects: Objects, path: str) -> None:
    documents: tuple[object, ...] = (
        *({}, {"tags": None}, {"tags": ["a", "a"]}, {"tags": ["a,b"]}, {"tags": [1]}, []),
        *({"tags": [str(n) for n in range(81)]}, {"tags": ["a"], "more": 1}),
    )
    for document in documents:
        assert objects.send("PUT", path, document).status_code == 400, document
    for tag in ("a,b", "x" * 256):
        assert objects.send("PUT", f"{path}/{tag}").status_code == 400, tag
    objects.send("PUT", path, {"tags": [str(n) for n in range(80)]})
    assert objects.send("PUT", f"{path}/more").status_code == 400
    assert len(tags(objects, path)) == 80


def test_longest_tag_is_accepted(objects: Objects, path: str) -> None:
    assert objects.send("PUT", f"{path}/{'x' * 255}").status_code == 201
    assert tags(objects, path) == ["x" * 255]


@pytest.mark.parametrize("kind", ["project", "domain"])
def test_tags_of_an_immutable_project_or_domain_stay_as_they_are(
    objects: Objects, kind: str
) -> None:
    made = objects.create(kind, name="new", tags=["x"], options={"immutable": True})["id"]
    path = f"/projects/{made}/tags"
    for method, target, document, status in (
        ("PUT", "/y", None, 403),
        ("PUT", "/x", None, 400),
        ("PUT", "", {"tags": ["y"]}, 403),
        ("PUT", "", {"tags": ["a,b"]}, 400),
        ("DELETE", "/x", None, 403),
        ("DELETE", "/nosuch", None, 403),
        ("DELETE", "", None, 403),
    ):
        response = objects.send(method, path + target, document)
        assert response.status_code == status, (method, target, document)
    assert tags(objects, path) == ["x"]
    objects.update(kind, made, options={"immutable": False})
    assert objects.send("PUT", f"{path}/y").status_code == 201
    assert tags(objects, path) == ["x", "y"]


def test_tags_of_no_project_are_404(objects: Objects) -> None:
    for method in ("GET", "DELETE"):
        assert objects.send(method, "/projects/nowhere/tags").status_code == 404
    for method in ("GET", "PUT", "DELETE"):
        assert objects.send(method, "/projects/nowhere/tags/x").status_code == 404


def test_members_see_the_tags_of_their_project_and_change_none(objects: Objects) -> None:
    (own,) = objects.listed("project", "?name=demo")
    path, token = f"/projects/{own['id']}/tags", objects.cloud.token("demo")
    objects.send("PUT", f"{path}/x")
    assert objects.send("GET", path, None, token).json()["tags"] == ["x"]
    assert objects.send("GET", f"{path}/x", None, token).status_code == 204
    for method, target in (("PUT", "/y"), ("DELETE", "/x"), ("DELETE", "")):
        assert objects.send(method, path + target, None, token).status_code == 403
    assert objects.send("PUT", path, {"tags": []}, token).status_code == 403
