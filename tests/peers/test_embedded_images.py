"""The embedded Image API responds as a real Glance does.

docs/differences.md has the differences by design.
"""

from typing import Any

import pytest

from tests.peers.conftest import OWNER
from tests.peers.service_pair import ServicePair

pytestmark = pytest.mark.peers
PATCH = "application/openstack-images-v2.1-json-patch"
OLD_PATCH = "application/openstack-images-v2.0-json-patch"
DATA = "application/octet-stream"
DOCUMENTS: list[Any] = [
    {},
    {"name": None},
    {"name": "x" * 255},
    {"name": "x" * 256},
    {"name": 1},
    *({"visibility": each} for each in ("public", "private", "community", "shared", "x", None)),
    *({"protected": each} for each in (True, "true", 1, None)),
    *({"min_ram": each} for each in (1, "1", None, -1, 2**31 - 1, 2**31, 1.5, True)),
    *({"disk_format": each} for each in ("raw", "ploop", None, "x", 1)),
    {"disk_format": "ami"},
    {"disk_format": "ami", "container_format": "bare"},
    {"container_format": "compressed"},
    {"tags": ["a", "b", "a"]},
    {"tags": ["x" * 256]},
    {"tags": "a"},
    {"tags": None},
    {"tags": [1]},
    {"owner": OWNER.project_id},
    {"owner": "x"},
    {"owner": None},
    {"owner": 1},
    {"id": "x"},
    {"id": None},
    *({key: "x"} for key in ("created_at", "checksum", "self", "file", "schema")),
    *({key: "x"} for key in ("location", "deleted", "deleted_at", "os_glance_x", "owner_id")),
    {"a": ""},
    {"a": None},
    {"a": 1},
    {"a": True},
    {"a": []},
    {"a": {}},
    {"status": "active"},
    {"": "x"},
    {" a ": "x"},
    {"a/b~c": "é"},
    {"k" * 255: "x"},
    {"k" * 256: "x"},
    {f"k{number}": "x" for number in range(129)},
    {"tags": [f"t{number}" for number in range(129)]},
    b"",
    b"{",
    b"\xff",
    b'"x"',
    b'{"name": NaN}',
    b'{"a": "1", "a": "2"}',
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: ascii(each)[:60])
def test_a_create_request_has_the_same_response(services: ServicePair, document: object) -> None:
    services.image("POST", "/v2/images", document).assert_alike()


CHANGES: list[Any] = [
    *(
        {"op": operation, "path": f"/{key}", "value": value}
        for operation in ("add", "replace", "remove")
        for key, value in (
            ("name", "new"),
            ("visibility", "private"),
            ("tags", ["a", "b"]),
            ("min_disk", 5),
            ("min_disk", "5"),
            ("disk_format", "qcow2"),
            ("id", "x"),
            ("status", "active"),
            ("location", "x"),
            ("os_glance_x", "x"),
            ("a", "c"),
            ("a", 1),
            ("missing", "x"),
            ("a~0b", "x"),
            ("a~1b", "x"),
            ("a~2b", "x"),
            ("", "x"),
            ("a/b", "x"),
            ("tags/0", "x"),
        )
    ),
    {"op": "move", "from": "/a", "path": "/b"},
    {"op": "test", "path": "/a", "value": "b"},
    {"op": "add", "path": "a", "value": "b"},
    {"op": "add", "path": "/x"},
    {"op": "add", "value": "x"},
    {"path": "/x", "value": "x"},
    {"op": "add", "path": "/x", "value": "y", "extra": 1},
    "text",
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: ascii(each)[:70])
def test_a_patch_has_the_same_response_and_effect(services: ServicePair, change: Any) -> None:
    image = services.create(name="n", a="b", tags=["t"])
    path = f"/v2/images/{image}"
    services.image("PATCH", path, [change], {"Content-Type": PATCH}).assert_alike()
    services.image("GET", path).assert_alike()
    if isinstance(change, dict) and {"op", "path"} <= change.keys():
        old = {change["op"]: change["path"], "value": change.get("value")}
        services.image("PATCH", path, [old], {"Content-Type": OLD_PATCH}).assert_alike()
        services.image("GET", path).assert_alike()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", f"{PATCH}; charset=utf-8"])
def test_a_patch_of_another_media_type_has_the_same_response(
    services: ServicePair, kind: str
) -> None:
    path = f"/v2/images/{services.create()}"
    services.image("PATCH", path, [], {"Content-Type": kind}).assert_alike()


def test_uploads_and_downloads_have_the_same_responses(services: ServicePair) -> None:
    image = services.create(disk_format="raw", container_format="bare")
    path = f"/v2/images/{image}"
    services.image("GET", f"{path}/file").assert_alike()
    services.image("PUT", f"{path}/file", b"x", {"Content-Type": "text/plain"}).assert_alike()
    services.image("PUT", f"{path}/file", b"0123456789", {"Content-Type": DATA}).assert_alike()
    services.image("PUT", f"{path}/file", b"again", {"Content-Type": DATA}).assert_alike()
    services.image("GET", path).assert_alike()
    for wanted in (
        "0-9",
        "2-4",
        "-3",
        "-99",
        "5-",
        "10-",
        "4-2",
        "",
        "a-b",
        "0-1,3-4",
        f"0-{2**64}",
    ):
        pair = services.image("GET", f"{path}/file", headers={"Range": f"bytes={wanted}"})
        pair.assert_alike()
        if pair.real.status == 206:
            for name in ("Content-Range", "Content-Length", "Content-MD5"):
                assert pair.embedded.header(name) == pair.real.header(name), wanted
    services.image("POST", f"{path}/actions/deactivate", b"").assert_alike()
    services.image("PATCH", path, [], {"Content-Type": PATCH}).assert_alike()
    services.image("DELETE", path).assert_alike()
    services.image("DELETE", path).assert_alike()
    services.image("GET", f"{path}/file").assert_alike()
    early = services.create(disk_format="raw")
    services.image("PUT", f"/v2/images/{early}/file", b"x", {"Content-Type": DATA}).assert_alike()


@pytest.fixture(scope="module")
def lot(services: ServicePair) -> str:
    """The value of the property ``lot`` of a few images with different attributes."""
    lot = "compared"
    services.create(lot=lot, name="a", min_ram=1, tags=["t", "u"], protected=True)
    services.create(lot=lot, name="b", min_disk=2, tags=["t"], disk_format="raw", type="base")
    services.create(lot=lot, visibility="community", name="c,d", os_hidden=True)
    services.create(lot=lot, visibility="private", name='q"uote', container_format="bare")
    return lot


QUERIES = [
    "",
    *(f"limit={each}" for each in ("0", "-1", "x", "", "99999", "1.5")),
    *(f"sort={key}:{way}" for key in ("name", "id", "size", "x") for way in ("asc", "desc", "x")),
    *("sort_key=name&sort_dir=asc", "sort_dir=asc", "sort_key=", "sort=name&sort_key=id"),
    "sort_key=name&sort_dir=asc&sort_dir=desc",
    *(f"name={each}" for each in ("a", "", "in:a,b", "in:%22c,d%22", "in:%22a", "eq:a", "x:y")),
    *(f"visibility={each}" for each in ("public", "private", "community", "all", "x", "")),
    *(f"member_status={each}" for each in ("accepted", "all", "x")),
    *(f"os_hidden={each}" for each in ("true", "True", "x", "1")),
    *(f"protected={each}" for each in ("true", "True", "1", "")),
    *(f"min_ram={each}" for each in ("1", "0", "-1", "1.0")),
    *("size_min=1", "size_min=x", "size_max=0", "status=in:queued,active", "status=x"),
    *("tag=t", "tag=t&tag=u", "tag=x", "disk_format=raw", "disk_format=in:raw,x"),
    *("type=base", "type=", "nothing=x", "id=x", "owner=x", "checksum=x"),
    *("changes-since=2020-01-01", "marker=x", "marker=", "name=%FF", "%FF=x"),
    *(
        f"{key}={comparison}:{date}"
        for key in ("created_at", "updated_at")
        for comparison in ("gt", "lte", "neq", "x")
        for date in ("2024-01-01", "2099-01-01T00:00:00%2B02:00", "x")
    ),
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_list_has_the_same_images(services: ServicePair, lot: str, query: str) -> None:
    pair = services.image("GET", f"/v2/images?lot={lot}&{query}")
    assert pair.embedded.status == pair.real.status, f"{pair.real}\n\n{pair.embedded}"
    if pair.real.status == 200:
        found = [
            ({each["id"] for each in response.json()["images"]}, response.json().keys())
            for response in pair
        ]
        assert found[0] == found[1], f"{pair.real}\n\n{pair.embedded}"


@pytest.mark.parametrize("path", ["/versions", "/v2/images/", "/v2/nothing", "/v2/schemas/nothing"])
def test_other_paths_have_the_same_status(services: ServicePair, path: str) -> None:
    pair = services.image("GET", path)
    assert pair.embedded.status == pair.real.status, f"{pair.real}\n\n{pair.embedded}"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "image/png"])
def test_a_fault_has_the_same_content_type(services: ServicePair, accept: str) -> None:
    pair = services.image("GET", "/v2/images/nothing", headers={"Accept": accept})
    assert pair.embedded.status == pair.real.status == 404
    kinds = [(response.header("Content-Type") or "").partition(";")[0] for response in pair]
    assert kinds[0] == kinds[1]
