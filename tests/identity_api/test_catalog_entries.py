"""Admins add regions, services and endpoints, which tokens then have in their catalogs."""

from typing import Any

import pytest

from glimpse.identity.embedded import limits
from tests.identity.cloud import message_of
from tests.identity_api.objects import Objects

INTERFACES = ("public", "internal", "admin")


@pytest.fixture
def service_id(objects: Objects) -> str:
    """The id of a new service of the type volume."""
    made: str = objects.create("service", type="volume", name="cinder")["id"]
    return made


def add_endpoint(objects: Objects, service_id: str, **values: Any) -> dict[str, Any]:
    wanted = {"service_id": service_id, "interface": "public", "url": "http://volume/v3"}
    return objects.create("endpoint", **wanted | values)


def catalog(objects: Objects, kind: str, **scope: Any) -> list[dict[str, Any]]:
    """Return the endpoints of the services of a type, from the catalog of demo's new token."""
    response = objects.cloud.login("demo", **scope)
    token = response.headers["X-Subject-Token"]
    services: list[dict[str, Any]] = response.json()["token"]["catalog"]
    shown = objects.send("GET", "/auth/catalog", None, token)
    assert shown.json()["catalog"] == services
    return [
        each for service in services if service["type"] == kind for each in service["endpoints"]
    ]


def test_region_is_created_shown_changed_and_deleted(objects: Objects) -> None:
    made = objects.create("region", id="R 1", description=None, more=1)
    assert made == {
        "id": "R 1",
        "description": "",
        "parent_region_id": None,
        "more": 1,
        "links": {"self": f"{objects.cloud.url}/regions/R%201"},
    }
    assert objects.show("region", "R 1") == made
    assert objects.update("region", "R 1", description="d") == made | {"description": "d"}
    assert objects.patch("region", "R 1", id="x").status_code == 400
    assert objects.post("region", id="R 1").status_code == 409
    assert len(objects.create("region")["id"]) == 32
    assert objects.delete("region", "R 1").status_code == 204
    assert objects.send("GET", "/regions/R 1").status_code == 404
    assert objects.delete("region", "R 1").status_code == 404


def test_region_is_created_with_the_id_in_the_path(objects: Objects) -> None:
    assert objects.send("PUT", "/regions/R1", {"region": {}}).status_code == 201
    assert objects.send("PUT", "/regions/R1", {"region": {}}).status_code == 409
    assert objects.send("PUT", "/regions/R2", {"region": {"id": "x"}}).status_code == 400
    assert objects.send("PUT", "/regions/R2", {"region": {"id": "R2"}}).status_code == 201


def test_regions_are_a_tree(objects: Objects) -> None:
    objects.create("region", id="top", parent_region_id="RegionOne")
    objects.create("region", id="leaf", parent_region_id="top")
    assert objects.post("region", id="x", parent_region_id="nowhere").status_code == 404
    for parent in ("top", "leaf"):
        response = objects.patch("region", "top", parent_region_id=parent)
        assert response.status_code == 400
        assert "circular" in message_of(response)
    assert [each["id"] for each in objects.listed("region", "?parent_region_id=top")] == ["leaf"]
    assert objects.send("GET", "/regions?limit=1").status_code == 400
    assert objects.delete("region", "top").status_code == 204
    assert [each["id"] for each in objects.listed("region")] == ["RegionOne"]


def test_region_with_endpoints_is_not_deleted(objects: Objects, service_id: str) -> None:
    objects.create("region", id="top")
    objects.create("region", id="leaf", parent_region_id="top")
    endpoint = add_endpoint(objects, service_id, region_id="leaf")["id"]
    assert objects.delete("region", "top").status_code == 403
    objects.delete("endpoint", endpoint)
    assert objects.delete("region", "top").status_code == 204


def test_service_is_created_shown_changed_and_deleted(objects: Objects) -> None:
    made = objects.create("service", type="volume", description="d", more=1, extra="e")
    link = f"{objects.cloud.url}/services/{made['id']}"
    wanted = {"type": "volume", "name": "", "enabled": True, "description": "d", "more": 1}
    assert made == wanted | {"id": made["id"], "links": {"self": link}}
    changed = objects.update("service", made["id"], name="n", enabled=False, description=None)
    assert changed == made | {"name": "n", "enabled": False, "description": None}
    assert objects.show("service", made["id"]) == changed
    assert objects.names("service", "?type=volume") == ["n"]
    assert objects.patch("service", made["id"], id="x").status_code == 400
    assert objects.delete("service", made["id"]).status_code == 204
    assert objects.delete("service", made["id"]).status_code == 404


def test_endpoint_is_created_shown_changed_and_deleted(objects: Objects, service_id: str) -> None:
    made = add_endpoint(objects, service_id, region="R1", name="n", more=1)
    assert made == {
        "id": made["id"],
        "service_id": service_id,
        "interface": "public",
        "url": "http://volume/v3",
        "region": "R1",
        "region_id": "R1",
        "enabled": True,
        "name": "n",
        "more": 1,
        "links": {"self": f"{objects.cloud.url}/endpoints/{made['id']}"},
    }
    assert objects.show("region", "R1")["description"] == ""
    changed = objects.update("endpoint", made["id"], url="http://other", region_id=None)
    wanted = {"url": "http://other", "region": None, "region_id": None}
    assert objects.show("endpoint", made["id"]) == changed == made | wanted
    assert objects.listed("endpoint", f"?service_id={service_id}&interface=public") == [changed]
    assert objects.listed("endpoint", f"?service_id={service_id}&interface=admin") == []
    assert objects.send("GET", "/endpoints?interface=x").status_code == 400
    assert objects.delete("endpoint", made["id"]).status_code == 204
    assert objects.delete("endpoint", made["id"]).status_code == 404


@pytest.mark.parametrize(
    "values",
    [
        {"service_id": "nowhere"},
        {"region_id": "nowhere"},
        {"url": "http://host/%(secret)s"},
        {"url": "http://host/%20"},
        {"url": "http://host/%(project_id)d"},
        {"url": "http://host/$(project_id)"},
        {"interface": "other"},
    ],
    ids=ascii,
)
def test_invalid_endpoint_is_refused(
    objects: Objects, service_id: str, values: dict[str, Any]
) -> None:
    wanted = {"service_id": service_id, "interface": "public", "url": "http://volume"}
    response = objects.post("endpoint", **wanted | values)
    assert response.status_code == 400, response.text
    assert message_of(response)


def test_deleted_service_takes_its_endpoints_with_it(objects: Objects, service_id: str) -> None:
    endpoint = add_endpoint(objects, service_id)["id"]
    objects.delete("service", service_id)
    assert objects.send("GET", f"/endpoints/{endpoint}").status_code == 404


def test_catalogs_have_added_endpoints_with_the_ids_of_the_token(
    objects: Objects, service_id: str
) -> None:
    (project,) = objects.listed("project", "?name=demo")
    (user,) = objects.listed("user", "?name=demo")
    made = add_endpoint(objects, service_id, url="http://v/%(tenant_id)s/$(user_id)s/%%20")
    (shown,) = catalog(objects, "volume")
    assert shown == {
        "id": made["id"],
        "interface": "public",
        "region": None,
        "region_id": None,
        "url": f"http://v/{project['id']}/{user['id']}/%20",
    }


def test_catalogs_leave_out_what_is_disabled_or_cannot_be_expanded(
    objects: Objects, service_id: str
) -> None:
    disabled = add_endpoint(objects, service_id, enabled=False)["id"]
    unknown = add_endpoint(objects, service_id)["id"]
    objects.update("endpoint", unknown, url="http://host/%(secret)s")  # as in Keystone, unchecked
    assert catalog(objects, "volume") == []
    objects.update("endpoint", disabled, enabled=True)
    assert [each["id"] for each in catalog(objects, "volume")] == [disabled]
    objects.update("service", service_id, enabled=False)
    types = [each["type"] for each in objects.cloud.login().json()["token"]["catalog"]]
    assert types == ["compute", "image", "identity"]


def test_services_of_the_process_get_further_endpoints_and_stay_as_they_are(
    objects: Objects,
) -> None:
    (image,) = objects.listed("service", "?type=image")
    made = add_endpoint(objects, image["id"], region="R2")
    assert made["id"] in [each["id"] for each in catalog(objects, "image")]
    own = [each for each in objects.listed("endpoint") if each["id"] != made["id"]]
    assert len(own) == 9
    for kind, object_id in (
        ("service", image["id"]),
        ("endpoint", own[0]["id"]),
        ("region", "RegionOne"),
    ):
        assert objects.patch(kind, object_id, description="d").status_code == 403, kind
        assert objects.delete(kind, object_id).status_code == 403, kind
    assert objects.post("region", id="RegionOne").status_code == 409


def test_numbers_are_bounded(
    objects: Objects, service_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("regions", "services", "endpoints"):
        monkeypatch.setitem(limits.MAX_ENTRIES, kind, 1)
    endpoint = {"service_id": service_id, "interface": "public", "url": "http://volume"}
    for kind, values in (("region", {}), ("endpoint", endpoint)):
        objects.create(kind, **values)
        assert objects.post(kind, **values).status_code == 403, kind
    assert objects.post("service", type="t").status_code == 403


def test_others_may_only_see_regions(objects: Objects, service_id: str) -> None:
    token = objects.cloud.token("demo")
    assert objects.send("GET", "/regions/RegionOne", None, token).status_code == 200
    endpoint = {"service_id": service_id, "interface": "public", "url": "http://volume"}
    for method, path, document in (
        ("GET", f"/services/{service_id}", None),
        ("GET", "/endpoints", None),
        ("POST", "/regions", {"region": {}}),
        ("PUT", "/regions/x", {"region": {}}),
        ("PATCH", "/regions/x", {"region": {"description": "d"}}),
        ("DELETE", "/regions/x", None),
        ("POST", "/services", {"service": {"type": "t"}}),
        ("PATCH", f"/services/{service_id}", {"service": {"type": "t"}}),
        ("DELETE", f"/services/{service_id}", None),
        ("POST", "/endpoints", {"endpoint": endpoint}),
        ("PATCH", "/endpoints/x", {"endpoint": {"url": "http://a"}}),
        ("DELETE", "/endpoints/x", None),
    ):
        assert objects.send(method, path, document, token).status_code == 403, (method, path)
