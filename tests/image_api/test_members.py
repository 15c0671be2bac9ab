"""The Image API shares images: the owner adds members, which accept or reject."""

import re
from typing import Any

import pytest

from tests.image_api.conftest import Api
from tests.support.parameter_ids import parameter_id

MEMBER, STRANGER, ADMIN = "user:silver", "user:tin", "admin:admin"


def share(api: Api, **attributes: Any) -> str:
    """Create an image, shared with the project silver; return the path of its members."""
    members = f"/v2/images/{api.create(**attributes)['id']}/members"
    response = api("POST", members, {"member": "silver"})
    assert response.status == 200, str(response)
    return members


def listed(api: Api, query: str, token: str) -> list[str]:
    return [each["id"] for each in api("GET", f"/v2/images?{query}", token=token).json()["images"]]


def test_an_added_member_is_pending_and_has_dates(api: Api) -> None:
    image_id = api.create()["id"]
    response = api("POST", f"/v2/images/{image_id}/members", {"member": "silver"})
    assert response.status == 200, str(response)
    member = response.json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", member["created_at"])
    assert member == {
        "member_id": "silver",
        "image_id": image_id,
        "status": "pending",
        "created_at": member["created_at"],
        "updated_at": member["created_at"],
        "schema": "/v2/schemas/member",
    }
    path = f"/v2/images/{image_id.upper()}/members"
    assert api("GET", path).json() == {"members": [member], "schema": "/v2/schemas/members"}
    assert api("GET", f"{path}/silver").json() == member


def test_an_image_is_listed_once_its_member_accepts_it(api: Api) -> None:
    members = share(api, lot="flow")
    image_id = members.split("/")[3]
    assert api("GET", f"/v2/images/{image_id}", token=MEMBER).status == 200
    assert api("GET", f"/v2/images/{image_id}", token=STRANGER).status == 404
    assert listed(api, "lot=flow", MEMBER) == []
    assert listed(api, "lot=flow&member_status=pending", MEMBER) == [image_id]
    response = api("PUT", f"{members}/silver", {"status": "accepted"}, token=MEMBER)
    assert response.json()["status"] == "accepted", str(response)
    assert listed(api, "lot=flow", MEMBER) == [image_id]
    assert listed(api, "lot=flow&visibility=shared", MEMBER) == [image_id]
    api("PUT", f"{members}/silver", {"status": "rejected"}, token=MEMBER)
    assert listed(api, "lot=flow", MEMBER) == []
    assert listed(api, "lot=flow&member_status=all", MEMBER) == [image_id]
    assert api("DELETE", f"{members}/silver").status == 204
    assert listed(api, "lot=flow&member_status=all", MEMBER) == []
    assert api("GET", f"/v2/images/{image_id}", token=MEMBER).status == 404


def test_a_member_sees_its_own_membership_only(api: Api) -> None:
    members = share(api)
    api("POST", members, {"member": "copper"})
    for token, seen in (("demo:gold", 2), (ADMIN, 2), (MEMBER, 1)):
        assert len(api("GET", members, token=token).json()["members"]) == seen
    assert api("GET", f"{members}/copper", token=MEMBER).status == 404
    assert api("GET", members, token=STRANGER).status == 404


@pytest.mark.parametrize(
    ("method", "member", "token", "status"),
    [
        ("POST", "", MEMBER, 403),
        ("POST", "", STRANGER, 404),
        ("POST", "", ADMIN, 200),
        ("PUT", "/silver", "demo:gold", 403),
        ("PUT", "/silver", ADMIN, 200),
        ("PUT", "/silver", STRANGER, 404),
        ("PUT", "/copper", MEMBER, 404),
        ("DELETE", "/silver", MEMBER, 403),
        ("DELETE", "/silver", STRANGER, 404),
        ("DELETE", "/silver", ADMIN, 204),
        ("DELETE", "/copper", "demo:gold", 404),
    ],
    ids=parameter_id,
)
def test_only_the_owner_shares_and_only_the_member_accepts(
    api: Api, method: str, member: str, token: str, status: int
) -> None:
    members = share(api)
    before = api("GET", members).json()
    body = {"member": "iron", "status": "accepted"} if method != "DELETE" else None
    response = api(method, members + member, body, token=token)
    assert response.status == status, str(response)
    assert (api("GET", members).json() == before) is (status >= 400)


@pytest.mark.parametrize("visibility", ["private", "community"])
def test_members_of_an_image_count_again_when_it_is_shared_again(api: Api, visibility: str) -> None:
    members = share(api)
    image_id = members.split("/")[3]
    change = {"op": "replace", "path": "/visibility", "value": visibility}
    assert api.patch(image_id, change).status == 200
    assert api("GET", members).status == 403
    assert api("POST", members, {"member": "x"}).status == 403
    assert api("GET", f"{members}/silver").status == 404
    assert api.patch(image_id, {**change, "value": "shared"}).status == 200
    assert len(api("GET", members).json()["members"]) == 1


def test_a_project_is_added_once(api: Api) -> None:
    members = share(api)
    assert api("POST", members, {"member": "silver"}).status == 409
    assert api("DELETE", f"{members}/silver").status == 204
    assert api("POST", members, {"member": "silver"}).status == 200


def test_an_image_has_at_most_128_members(api: Api) -> None:
    members = share(api)
    for number in range(127):
        assert api("POST", members, {"member": f"p{number}"}).status == 200
    response = api("POST", members, {"member": "one too many"})
    assert response.status == 413, str(response)
    assert len(api("GET", members).json()["members"]) == 128


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "silver",
        b"",
        {"member": ""},
        {"member": None},
        {"member": 5},
        {"member": "x" * 256},
        {"member": "a\0b"},
        b'{"member": "\\ud800"}',
    ],
    ids=parameter_id,
)
def test_an_invalid_member_is_refused(api: Api, body: object) -> None:
    members = share(api)
    response = api("POST", members, body)
    assert response.status == 400, str(response)
    assert len(api("GET", members).json()["members"]) == 1


@pytest.mark.parametrize(
    "body",
    [{}, [], b"", {"status": "Accepted"}, {"status": None}, {"status": []}],
    ids=parameter_id,
)
def test_an_invalid_status_is_refused(api: Api, body: object) -> None:
    member = f"{share(api)}/silver"
    response = api("PUT", member, body, token=MEMBER)
    assert response.status == 400, str(response)
    assert api("GET", member).json()["status"] == "pending"


@pytest.mark.parametrize("member", ["%00", "x" * 5000, "%F0%9F%98%80", "..%2f"], ids=parameter_id)
def test_an_unusual_member_in_a_path_is_not_found(api: Api, member: str) -> None:
    members = share(api)
    assert api("GET", f"{members}/{member}").status == 404
    assert api("DELETE", f"{members}/{member}").status == 404


def test_a_member_with_unusual_characters_is_shown_by_its_encoded_id(api: Api) -> None:
    members = share(api)
    assert api("POST", members, {"member": "ä ö?"}).status == 200
    assert api("GET", f"{members}/%C3%A4%20%C3%B6%3F").json()["member_id"] == "ä ö?"
