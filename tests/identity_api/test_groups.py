"""There are no groups: lists are empty, so that clients that look for groups find none."""

import pytest

from tests.identity_api.objects import Objects


@pytest.mark.parametrize("query", ["", "?name=crew&domain_id=default", "?limit=1"])
def test_list_of_groups_is_empty(objects: Objects, query: str) -> None:
    response = objects.send("GET", f"/groups{query}")
    links = {"self": f"{objects.cloud.url}/groups{query}", "next": None, "previous": None}
    assert response.status_code == 200, response.text
    assert response.json() == {"groups": [], "links": links}


def test_user_is_in_no_group(objects: Objects) -> None:
    user = objects.create("user", name="u")
    path = f"/users/{user['id']}/groups"
    response = objects.send("GET", path)
    links = {"self": f"{objects.cloud.url}{path}", "next": None, "previous": None}
    assert response.status_code == 200, response.text
    assert response.json() == {"groups": [], "links": links}
    assert objects.send("GET", "/users/nobody/groups").status_code == 404


def test_a_user_may_list_its_own_groups_and_no_others(objects: Objects) -> None:
    cloud = objects.cloud
    ids = {each["name"]: each["id"] for each in objects.listed("user")}
    token = cloud.token("demo")
    for path, status in (
        ("/groups", 403),
        (f"/users/{ids['admin']}/groups", 403),
        ("/users/nobody/groups", 403),
        (f"/users/{ids['demo']}/groups", 200),
    ):
        assert cloud.send("GET", path, token).status_code == status, path
        assert cloud.send("GET", path, "none").status_code == 401, path


def test_groups_cannot_be_created_or_shown(objects: Objects) -> None:
    for method, path in (("POST", "/groups"), ("GET", "/groups/x"), ("DELETE", "/groups/x")):
        response = objects.send(method, path, {} if method == "POST" else None)
        assert response.status_code == 501, response.text
