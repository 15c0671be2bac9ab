"""Look-ups of projects, users, roles and the catalog return what Keystone returns."""

from typing import Any

import pytest

from tests.identity.cloud import Cloud

pytestmark = pytest.mark.usefixtures("quick_hashes")

KINDS = ("projects", "users", "domains", "roles", "services", "endpoints", "regions")


def listed(cloud: Cloud, user: str, path: str) -> list[dict[str, Any]]:
    response = cloud.send("GET", path, cloud.token(user))
    assert response.status_code == 200, response.text
    document = response.json()
    assert document.pop("links")["next"] is None
    (entries,) = document.values()
    assert isinstance(entries, list)
    return entries


def names(cloud: Cloud, user: str, path: str) -> list[str]:
    return sorted(each["name"] for each in listed(cloud, user, path))


def ids(cloud: Cloud, name: str) -> dict[str, str]:
    """Return the ids of a user and of the project of the same name."""
    user, project = cloud.directory.user(name=name), cloud.directory.project(name=name)
    assert user is not None
    assert project is not None
    return {"user": user.id, "project": project.id}


def refusal(cloud: Cloud, user: str, path: str) -> tuple[int, str]:
    response = cloud.send("GET", path, cloud.token(user))
    return response.status_code, response.json()["error"]["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_admin_lists_all_entries_and_follows_their_links(cloud: Cloud, kind: str) -> None:
    token = cloud.token("admin")
    entries = listed(cloud, "admin", f"/{kind}")
    assert entries
    for entry in entries:
        link = entry["links"]["self"]
        assert link == f"{cloud.url}/{kind}/{entry['id']}"
        shown = cloud.send("GET", link.removeprefix(cloud.url), token)
        assert shown.json() == {kind.removesuffix("s"): entry}


def test_admin_filters_lists_by_attributes(cloud: Cloud) -> None:
    assert names(cloud, "admin", "/projects") == ["admin", "alt", "demo"]
    assert names(cloud, "admin", "/projects?name=demo&domain_id=default&enabled=true") == ["demo"]
    assert names(cloud, "admin", "/projects?name=demo&domain_id=other") == []
    assert names(cloud, "admin", "/projects?enabled=false") == []
    assert names(cloud, "admin", "/users?name=alt") == ["alt"]
    assert names(cloud, "admin", "/roles?name=member") == ["member"]
    assert names(cloud, "admin", "/services?type=image") == ["glance"]
    assert names(cloud, "admin", "/domains?unheard=of") == ["Default"]


def test_page_after_the_last_marker_is_empty(cloud: Cloud) -> None:
    last = listed(cloud, "admin", "/projects")[-1]["id"]
    assert listed(cloud, "admin", f"/projects?limit=3&marker={last}") == []


def test_services_and_endpoints_are_those_of_the_catalog(cloud: Cloud) -> None:
    catalog = cloud.login().json()["token"]["catalog"]
    services = listed(cloud, "admin", "/services")
    assert [each["type"] for each in services] == [each["type"] for each in catalog]
    endpoints = listed(cloud, "admin", f"/endpoints?service_id={catalog[0]['id']}")
    assert [each["url"] for each in endpoints] == [f"{cloud.base_url}/v2.1"] * 3


def test_users_are_listed_without_passwords(cloud: Cloud) -> None:
    for user in listed(cloud, "admin", "/users"):
        assert set(user) == {
            *("id", "name", "domain_id", "enabled", "password_expires_at", "options", "links")
        }


def test_other_callers_see_their_own_entries(cloud: Cloud) -> None:
    own = ids(cloud, "demo")
    token = cloud.token()
    for path, name in (
        (f"/projects/{own['project']}", "demo"),
        (f"/users/{own['user']}", "demo"),
        ("/domains/default", "Default"),
    ):
        (shown,) = cloud.send("GET", path, token).json().values()
        assert shown["name"] == name
        assert cloud.send("HEAD", path, token).status_code == 200
    assert names(cloud, "demo", f"/users/{own['user']}/projects") == ["demo"]
    assert [each["id"] for each in listed(cloud, "demo", "/regions")] == ["RegionOne"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "regions"])
def test_other_callers_may_not_list_all_entries(cloud: Cloud, kind: str) -> None:
    action = f"You are not authorized to perform the requested action: identity:list_{kind}."
    assert refusal(cloud, "demo", f"/{kind}?name=demo") == (403, action)


def test_entries_of_others_are_refused_like_unknown_ones(cloud: Cloud) -> None:
    other = ids(cloud, "alt")
    for path, absent in (
        (f"/projects/{other['project']}", "/projects/nothing"),
        (f"/users/{other['user']}", "/users/nobody"),
        (f"/users/{other['user']}/projects", "/users/nobody/projects"),
    ):
        assert refusal(cloud, "demo", path) == refusal(cloud, "demo", absent)
        assert refusal(cloud, "demo", path)[0] == 403
    assert refusal(cloud, "admin", "/projects/nothing") == (404, "Could not find project: nothing.")
    assert refusal(cloud, "admin", "/users/nobody") == (404, "Could not find user: nobody.")
    assert refusal(cloud, "admin", "/users/nobody/projects")[0] == 404


@pytest.mark.parametrize("kind", KINDS)
def test_request_without_a_valid_token_is_unauthorized(cloud: Cloud, kind: str) -> None:
    for path in (f"/{kind}", f"/{kind}/anything", "/users/anybody/projects"):
        assert cloud.send("GET", path, "nonsense").status_code == 401
