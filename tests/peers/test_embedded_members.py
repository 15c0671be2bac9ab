"""Members of images are as those of a real Glance."""

from typing import Any

import pytest

from tests.peers.conftest import ADMIN, COLLECTOR, OWNER, STRANGER, USERS
from tests.peers.service_pair import ServicePair

pytestmark = pytest.mark.peers
PATCH = "application/openstack-images-v2.1-json-patch"
STATUSES = ("pending", "accepted", "rejected")


def share(services: ServicePair, **attributes: Any) -> tuple[str, str]:
    """Create an image, shared with COLLECTOR; return the paths of its members and of this one."""
    members = f"/v2/images/{services.create(**attributes)}/members"
    services.image("POST", members, {"member": COLLECTOR.project_id}).assert_alike()
    return members, f"{members}/{COLLECTOR.project_id}"


@pytest.mark.parametrize("user", [user.name for user in USERS])
def test_each_caller_sees_and_may_do_the_same(services: ServicePair, user: str) -> None:
    members, member = share(services)
    services.image("POST", members, {"member": ADMIN.project_id}).assert_alike()
    for name in (members, member, f"{members}/{ADMIN.project_id}", f"{members}/nobody"):
        services.image("GET", name, user=user).assert_alike()
    for status in (*STATUSES, "accepted", "x"):
        services.image("PUT", member, {"status": status}, user=user).assert_alike()
        services.image("PUT", f"{members}/nobody", {"status": status}, user=user).assert_alike()
    services.image("GET", members).assert_alike()
    for added in (STRANGER, STRANGER, OWNER):
        services.image("POST", members, {"member": added.project_id}, user=user).assert_alike()
    for removed in ("nobody", COLLECTOR.project_id, COLLECTOR.project_id):
        services.image("DELETE", f"{members}/{removed}", user=user).assert_alike()
    services.image("GET", members).assert_alike()


@pytest.mark.parametrize("visibility", ["private", "public", "community"])
@pytest.mark.parametrize("user", [user.name for user in USERS])
def test_only_shared_images_have_members(services: ServicePair, user: str, visibility: str) -> None:
    members, member = share(services)
    change = {"op": "replace", "path": "/visibility", "value": visibility}
    image = members.removesuffix("/members")
    services.image("PATCH", image, [change], {"Content-Type": PATCH}, ADMIN.name).assert_alike()
    services.image("GET", members, user=user).assert_alike()
    services.image("GET", member, user=user).assert_alike()
    services.image("PUT", member, {"status": "accepted"}, user=user).assert_alike()
    services.image("POST", members, {"member": "x"}, user=user).assert_alike()
    services.image("DELETE", member, user=user).assert_alike()
    services.image("GET", image, user=user).assert_alike()
    change["value"] = "shared"
    services.image("PATCH", image, [change], {"Content-Type": PATCH}, ADMIN.name).assert_alike()
    services.image("GET", members).assert_alike()


def test_an_image_is_listed_by_the_status_of_the_membership(services: ServicePair) -> None:
    _, member = share(services, lot="member status")
    queries = [
        *(f"member_status={each}" for each in (*STATUSES, "all", "x", "")),
        *(f"visibility={each}" for each in ("shared", "private", "public", "community", "all")),
        *(f"visibility=shared&member_status={each}" for each in (*STATUSES, "all")),
        f"owner={OWNER.project_id}",
        f"owner={OWNER.project_id}&member_status=all",
    ]
    for status in (None, *STATUSES):
        if status:
            change = {"status": status}
            services.image("PUT", member, change, user=COLLECTOR.name).assert_alike()
        for user in USERS:
            for query in queries:
                target = f"/v2/images?lot=member+status&{query}"
                services.image("GET", target, user=user.name).assert_alike()


MEMBERS: list[Any] = ["", None, 0, False, [], {}, "a b/ä", "x" * 255]
NEW_STATUSES: list[Any] = ["", None, 1, [], {}, "Accepted", " accepted", "accepted"]
BODIES: list[Any] = [
    *({"member": each} for each in MEMBERS),
    *({"status": each} for each in NEW_STATUSES),
    *({}, [], [{}], "x", b"", b"{", b"null", b"\xff"),
    {"member": "x", "status": "accepted", "more": 1},
]


@pytest.mark.parametrize("body", BODIES, ids=lambda each: ascii(each)[:40])
def test_a_body_has_the_same_response(services: ServicePair, body: object) -> None:
    members, member = share(services)
    services.image("POST", members, body).assert_alike()
    services.image("PUT", member, body, user=COLLECTOR.name).assert_alike()
    services.image("PUT", f"{members}/nobody", body, user=COLLECTOR.name).assert_alike()
    services.image("POST", "/v2/images/nothing/members", body).assert_alike()
    services.image("PUT", "/v2/images/nothing/members/x", body).assert_alike()


def test_the_quota_is_the_same(services: ServicePair) -> None:
    members, _ = share(services)
    for number in range(127):
        services.image("POST", members, {"member": f"p{number}"}).assert_alike()
    for member in ("one too many", "p0", COLLECTOR.project_id):
        services.image("POST", members, {"member": member}).assert_alike()
        services.image("POST", members, {"member": member}, user=ADMIN.name).assert_alike()
        services.image("POST", members, {"member": member}, user=COLLECTOR.name).assert_alike()
    services.image("DELETE", f"{members}/p0").assert_alike()
    services.image("POST", members, {"member": "again"}).assert_alike()


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "POST"])
def test_other_methods_have_the_same_response(services: ServicePair, method: str) -> None:
    members, member = share(services)
    for path in (members, f"{member}/x", f"{members}/"):
        pair = services.image(method, path)
        assert pair.embedded.status == pair.real.status, pair
    pair = services.image("PATCH", member)
    assert pair.embedded.status == pair.real.status == 405
    assert pair.embedded.header("Allow") == pair.real.header("Allow")
