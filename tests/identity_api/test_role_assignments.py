"""/role_assignments lists the assignments of all users, with Keystone's filters."""

import asyncio
import itertools
from typing import Any

import pytest

from glimpse.identity.embedded.identity_document_sections import section_of
from glimpse.identity_api.routes import identity_api
from tests.identity.cloud import Cloud, mounted
from tests.identity_api.admin import ADMIN, DOMAIN_ID, MANAGER, MEMBER, READER, Admin
from tests.support.asgi import send_request

pytestmark = pytest.mark.usefixtures("quick_hashes")
NAMES = {ADMIN: "admin", MANAGER: "manager", MEMBER: "member", READER: "reader"}


@pytest.fixture
def admin(cloud: Cloud) -> Admin:
    """An admin, in whose cloud demo is a reader of the domain Acme, and of a project in it."""
    admin = Admin(cloud)
    admin.add_domain()

    def edit(document: dict[str, Any], _: object) -> None:
        section_of(document, "projects").append(
            {"id": "below", "name": "below", "domain_id": DOMAIN_ID, "parent_id": "ap"}
        )

    cloud.identity.identity_file.change(edit)
    demo = admin.user_id("demo")
    admin.assign(f"domains/{DOMAIN_ID}", demo, READER)
    admin.assign("projects/ap", "au", MEMBER)
    admin.assign("projects/below", demo, READER)
    return admin


def listed(admin: Admin, query: str = "") -> list[str]:
    """Return the assignments as texts such as ``demo member project ap``."""
    return sorted(map(described, admin.get(f"/role_assignments{query}")["role_assignments"]))


def described(entry: dict[str, Any]) -> str:
    ((kind, scope),) = entry["scope"].items()
    place = scope.get("id", "all")
    return " ".join((entry["user"]["id"][:2], NAMES[entry["role"]["id"]], kind, place[:5]))


def expected(admin: Admin) -> dict[str, list[str]]:
    """Return the assignments in the cloud of `admin`, by scope."""
    user = {name: admin.user_id(name)[:2] for name in ("admin", "demo", "alt")}
    project = {name: admin.project_id(name)[:5] for name in user}
    return {
        "default": [
            f"{user['admin']} admin project {project['admin']}",
            f"{user['demo']} member project {project['demo']}",
            f"{user['alt']} member project {project['alt']}",
        ],
        "domain": [f"{user['demo']} reader domain ddddd"],
        "acme": ["au member project ap", f"{user['demo']} reader project below"],
        "system": [f"{user['admin']} admin system all"],
    }


def test_all_assignments_are_listed_with_links(admin: Admin) -> None:
    assert listed(admin) == sorted(itertools.chain(*expected(admin).values()))
    (entry,) = admin.get("/role_assignments?user.id=au")["role_assignments"]
    assert entry == {
        "links": {"assignment": f"{admin.cloud.url}/projects/ap/users/au/roles/{MEMBER}"},
        "scope": {"project": {"id": "ap"}},
        "user": {"id": "au"},
        "role": {"id": MEMBER},
    }


def test_assignments_are_filtered(admin: Admin) -> None:
    known = expected(admin)
    demo = admin.user_id("demo")
    assert listed(admin, f"?scope.domain.id={DOMAIN_ID}") == known["domain"]
    assert listed(admin, "?scope.project.id=below") == known["acme"][1:]
    assert listed(admin, "?scope.system=all") == known["system"]
    assert listed(admin, f"?role.id={ADMIN}") == sorted([known["default"][0], *known["system"]])
    assert (
        listed(admin, f"?role.id={READER}&user.id={demo}&scope.project.id=below")
        == (known["acme"][1:])
    )
    assert listed(admin, "?scope.project.id=ap&include_subtree") == sorted(known["acme"])
    assert listed(admin, "?scope.project.id=ap&include_subtree=0") == known["acme"][:1]
    for query in ("?user.id=nobody", "?group.id=x", "?role.id=x", "?scope.project.id=x"):
        assert listed(admin, query) == []
    assert listed(admin, "?scope.OS-INHERIT:inherited_to=projects") == known["system"]


def test_effective_assignments_have_implied_roles(admin: Admin) -> None:
    query = "/role_assignments?effective&user.id=au"
    entries = admin.get(query)["role_assignments"]
    assert [NAMES[each["role"]["id"]] for each in entries] == ["member", "reader"]
    url = f"{admin.cloud.url}/projects/ap/users/au/roles/{MEMBER}"
    prior = f"{admin.cloud.url}/prior_role/{READER}/implies/{MEMBER}"
    assert entries[1]["links"] == {"assignment": url, "prior_role": prior}
    implied = admin.get(f"{query}&role.id={READER}")["role_assignments"]
    assert implied == entries[1:]
    assert not any("system" in each for each in listed(admin, "?effective"))


def test_names_are_included_on_request(admin: Admin) -> None:
    query = f"/role_assignments?include_names&user.id={admin.user_id('demo')}"
    entries = admin.get(query)["role_assignments"]
    acme = {"id": DOMAIN_ID, "name": "Acme"}
    assert {"domain": acme} in [each["scope"] for each in entries]
    below = {"id": "below", "name": "below", "domain": acme}
    assert {"project": below} in [each["scope"] for each in entries]
    assert {each["user"]["domain"]["name"] for each in entries} == {"Default"}
    assert {each["role"]["name"] for each in entries} == {"member", "reader"}
    repeated = query.replace("include_names", "include_names=0&include_names=1")
    assert "name" not in admin.get(repeated)["role_assignments"][0]["user"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?include_subtree", 400),
        ("?scope.project.id=ap&scope.domain.id=d", 400),
        ("?scope.project.id=ap&scope.system=all", 400),
        ("?scope.domain.id=d&scope.system=all", 400),
        ("?user.id=au&group.id=x", 400),
        ("?group.id=x&effective", 400),
        ("?scope.domain.id=d&scope.OS-INHERIT:inherited_to=projects&effective", 400),
        ("?role.id=", 400),
        ("?role.id=a_b", 400),
        ("?scope.project.id=", 400),
        ("?scope.project.id=nowhere&effective", 404),
        ("?scope.project.id=nowhere&include_subtree", 404),
        ("?user.id=nobody&effective", 404),
    ],
)
def test_invalid_query_is_refused(admin: Admin, query: str, status: int) -> None:
    response = admin.send("GET", f"/role_assignments{query}")
    assert response.status_code == status, response.text


def test_reader_of_a_domain_sees_the_assignments_in_it(admin: Admin) -> None:
    response = admin.cloud.login(scope={"domain": {"id": DOMAIN_ID}})
    token = response.headers["X-Subject-Token"]
    entries = admin.cloud.send("GET", "/role_assignments", token).json()["role_assignments"]
    known = expected(admin)
    assert sorted(map(described, entries)) == sorted([*known["domain"], *known["acme"]])
    tree = "/role_assignments?include_subtree&scope.project.id="
    assert admin.cloud.send("GET", f"{tree}ap", token).status_code == 200
    other = f"{tree}{admin.project_id('alt')}"
    assert admin.cloud.send("GET", other, token).status_code == 403


async def test_other_requests_are_served_while_a_long_list_is_rendered(admin: Admin) -> None:
    def add_users(document: dict[str, Any], _: object) -> None:
        section_of(document, "users").extend(
            {"id": f"u{n}", "name": f"u{n}", "password": "x", "roles": {"ap": ["member"]}}
            for n in range(1000)
        )

    admin.cloud.identity.identity_file.change(add_users)
    app = mounted(identity_api(admin.cloud.identity), admin.cloud.base_url)
    headers = {"X-Auth-Token": admin.cloud.token("admin")}
    path, query = "/identity/v3/role_assignments", b"effective"
    listing = asyncio.create_task(send_request(app, "GET", path, headers, query=query))
    turns = 0
    while not listing.done():
        turns += 1
        await asyncio.sleep(0)
    assert len(listing.result().json()["role_assignments"]) > 2000
    assert turns > 1000 / 50, "so often, other requests could be served"


def test_others_may_not_list_assignments(admin: Admin) -> None:
    token, demo = admin.cloud.token(), admin.user_id("demo")
    for query in ("", f"?user.id={demo}", f"?scope.project.id={admin.project_id('demo')}"):
        assert admin.cloud.send("GET", f"/role_assignments{query}", token).status_code == 403
