"""Looking up projects, users, roles and the catalog: who sees what, as Keystone has it."""

from typing import Any

import pytest

from tests.identity.cloud import Cloud

KINDS = ("projects", "users", "domains", "roles", "services", "endpoints", "regions")


def listed(cloud: Cloud, user: str, path: str) -> list[dict[str, Any]]:
    answer = cloud.ask("GET", path, cloud.token(user))
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document.pop("links")["next"] is None
    (entries,) = document.values()
    assert isinstance(entries, list)
    return entries


def names(cloud: Cloud, user: str, path: str) -> list[str]:
    return sorted(each["name"] for each in listed(cloud, user, path))


def ids(cloud: Cloud, name: str) -> dict[str, str]:
    """The ids of a user, and of the project of the same name."""
    user, project = cloud.directory.user(name=name), cloud.directory.project(name=name)
    assert user is not None
    assert project is not None
    return {"user": user.id, "project": project.id}


def refusal(cloud: Cloud, user: str, path: str) -> tuple[int, str]:
    answer = cloud.ask("GET", path, cloud.token(user))
    return answer.status_code, answer.json()["error"]["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_admin_lists_everything_and_follows_every_link(cloud: Cloud, kind: str) -> None:
    token = cloud.token("admin")
    entries = listed(cloud, "admin", f"/{kind}")
    assert entries
    for entry in entries:
        link = entry["links"]["self"]
        assert link == f"{cloud.url}/{kind}/{entry['id']}"
        shown = cloud.ask("GET", link.removeprefix(cloud.url), token)
        assert shown.json() == {kind.removesuffix("s"): entry}


def test_an_admin_finds_by_name_as_commands_do(cloud: Cloud) -> None:
    assert names(cloud, "admin", "/projects") == ["admin", "alt", "demo"]
    assert names(cloud, "admin", "/projects?name=demo&domain_id=default&enabled=true") == ["demo"]
    assert names(cloud, "admin", "/projects?name=demo&domain_id=other") == []
    assert names(cloud, "admin", "/projects?enabled=false") == []
    assert names(cloud, "admin", "/users?name=alt") == ["alt"]
    assert names(cloud, "admin", "/roles?name=member") == ["member"]
    assert names(cloud, "admin", "/services?type=image") == ["glance"]
    assert names(cloud, "admin", "/domains?unheard=of") == ["Default"]


def test_who_asks_for_more_behind_a_marker_gets_to_an_end(cloud: Cloud) -> None:
    last = listed(cloud, "admin", "/projects")[-1]["id"]
    assert listed(cloud, "admin", f"/projects?limit=3&marker={last}") == []


def test_the_catalog_is_listed_by_its_parts(cloud: Cloud) -> None:
    catalog = cloud.login().json()["token"]["catalog"]
    services = listed(cloud, "admin", "/services")
    assert [each["type"] for each in services] == [each["type"] for each in catalog]
    endpoints = listed(cloud, "admin", f"/endpoints?service_id={catalog[0]['id']}")
    assert [each["url"] for each in endpoints] == [f"{cloud.base_url}/v2.1"] * 3


def test_nobody_is_told_of_passwords(cloud: Cloud) -> None:
    for user in listed(cloud, "admin", "/users"):
        assert set(user) == {
            *("id", "name", "domain_id", "enabled", "password_expires_at", "options", "links")
        }


def test_everybody_else_sees_what_is_their_own(cloud: Cloud) -> None:
    own = ids(cloud, "demo")
    token = cloud.token()
    for path, name in (
        (f"/projects/{own['project']}", "demo"),
        (f"/users/{own['user']}", "demo"),
        ("/domains/default", "Default"),
    ):
        (shown,) = cloud.ask("GET", path, token).json().values()
        assert shown["name"] == name
        assert cloud.ask("HEAD", path, token).status_code == 200
    assert names(cloud, "demo", f"/users/{own['user']}/projects") == ["demo"]
    assert [each["id"] for each in listed(cloud, "demo", "/regions")] == ["RegionOne"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "regions"])
def test_only_an_admin_lists_everything(cloud: Cloud, kind: str) -> None:
    action = f"You are not authorized to perform the requested action: identity:list_{kind}."
    assert refusal(cloud, "demo", f"/{kind}?name=demo") == (403, action)


def test_what_belongs_to_others_looks_like_what_does_not_exist(cloud: Cloud) -> None:
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
def test_a_stranger_sees_nothing(cloud: Cloud, kind: str) -> None:
    for path in (f"/{kind}", f"/{kind}/anything", "/users/anybody/projects"):
        assert cloud.ask("GET", path, "nonsense").status_code == 401
