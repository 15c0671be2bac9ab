"""A cloud with servers: lists, documents and snapshots, as a client of Compute sees them."""

import json
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from glimpse.servers.server import Server
from tests.acceptance.conftest import MEMBERS
from tests.acceptance.tenancy import PROJECTS
from tests.support.cloud import (
    PASSWORD,
    Cloud,
    EmbeddedCloud,
    Member,
    request_token,
    seed_identity,
)
from tests.support.http import Response
from tests.support.process import GlimpseProcess, wait_until
from tests.support.servers import make_server, seed_servers

IMAGE_ID = str(uuid.uuid4())
DATES = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-02-01T10:20:30Z"}
IMAGE = {"id": IMAGE_ID, "name": "base", "status": "active", "os_distro": "debian", **DATES}
OWNER = PROJECTS["owner"]
# Of the project of `owner`: one that may read only.
GUEST = Member("guest", OWNER, ("reader",), "owner")


def servers_of_owner() -> list[Server]:
    """Return servers of the project of the user ``owner``, the newest first."""
    dates = (f"2024-02-0{day}T00:00:00Z" for day in (3, 2, 1))
    statuses = ("ACTIVE", "SHUTOFF", "RESCUE")
    return [
        make_server(
            name=status.lower(),
            status=status,
            project_id=OWNER,
            image_id=IMAGE_ID,
            created_at=date,
            updated_at=date,
        )
        for status, date in zip(statuses, dates, strict=True)
    ]


@pytest.fixture(scope="module")
def servers() -> list[Server]:
    return servers_of_owner()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, servers: Sequence[Server]) -> Iterator[Cloud]:
    """A cloud with `servers` and the image IMAGE, in which a snapshot takes no time."""
    directory = tmp_path_factory.mktemp("servers")
    seed(directory / "state", servers)
    with start(directory, snapshot_seconds=0) as process:
        yield EmbeddedCloud(process)


def seed(state_dir: Path, servers: Sequence[Server]) -> None:
    seed_identity(state_dir, [*MEMBERS, GUEST])
    seed_servers(state_dir, servers, [{**IMAGE, "owner": OWNER}])


def start(directory: Path, *, snapshot_seconds: int) -> GlimpseProcess:
    """Return the process of a cloud with its files in `directory`; the test starts it."""
    settings = directory / "glimpse.conf"
    settings.write_text(f"[embedded]\nsnapshot_seconds = {snapshot_seconds}\n")
    return GlimpseProcess(directory / "state", arguments=["--config-file", str(settings)])


def send(
    cloud: Cloud, method: str, path: str, body: object = None, *, user: str = "owner", **how: str
) -> Response:
    """Send a request below /v2.1, at the microversion of that name if there is one."""
    headers = [
        ("OpenStack-API-Version", f"compute {version}")
        for name, version in how.items()
        if name == "microversion"
    ]
    data = None if body is None else json.dumps(body).encode()
    return cloud.request(user, method, f"/v2.1{path}", data, headers)


def create_image(cloud: Cloud, server: Server, name: str = "snap", **how: Any) -> Response:
    body = {"createImage": {"name": name, "metadata": {"key": "value"}}}
    return send(cloud, "POST", f"/servers/{server.id}/action", body, **how)


def make_new_server(cloud: Cloud) -> str:
    """Make a server, and return its id."""
    body = {"server": {"name": "new", "imageRef": IMAGE_ID, "flavorRef": "m1.tiny"}}
    response = send(cloud, "POST", "/servers", body)
    assert response.status == 202, str(response)
    server_id: str = response.json()["server"]["id"]
    assert str(response.header("Location")).endswith(f"/v2.1/servers/{server_id}"), str(response)
    return server_id


def wait_for_image(cloud: Cloud, image_id: str) -> dict[str, Any]:
    """Return the document of an image when it is active."""

    def shown() -> Any:
        return send(cloud, "GET", f"/images/{image_id}").json()["image"]

    wait_until(lambda: shown()["status"] == "ACTIVE", f"the image {image_id} is not active")
    image: dict[str, Any] = shown()
    return image


def test_servers_are_listed_page_by_page(cloud: Cloud, servers: Sequence[Server]) -> None:
    first = send(cloud, "GET", "/servers?limit=2&changes-since=2024-01-01T00:00:00Z").json()
    path = first["servers_links"][0]["href"].partition("/v2.1")[2]
    found = [*first["servers"], *send(cloud, "GET", path).json()["servers"]]
    assert {server.id for server in servers} <= {each["id"] for each in found}
    assert found[0].keys() == {"id", "name", "links"}


def test_a_detailed_list_is_filtered(cloud: Cloud, servers: Sequence[Server]) -> None:
    response = send(cloud, "GET", "/servers/detail?status=RESCUE&name=^resc")
    (found,) = response.json()["servers"]
    assert (found["id"], found["OS-EXT-STS:vm_state"]) == (servers[2].id, "rescued")


@pytest.mark.parametrize("user", ["other", "none"])
def test_servers_of_another_project_are_not_found(
    cloud: Cloud, servers: Sequence[Server], user: str
) -> None:
    expected = 401 if user == "none" else 404
    assert send(cloud, "GET", f"/servers/{servers[0].id}", user=user).status == expected
    assert create_image(cloud, servers[0], user=user).status == expected
    assert send(cloud, "DELETE", f"/servers/{servers[0].id}", user=user).status == expected


def test_an_admin_lists_the_servers_of_all_projects(
    cloud: Cloud, servers: Sequence[Server]
) -> None:
    refused = send(cloud, "GET", "/servers?all_tenants=1")
    assert refused.status == 403, str(refused)
    listed = send(cloud, "GET", "/servers?all_tenants=1", user="admin").json()["servers"]
    assert {server.id for server in servers} <= {each["id"] for each in listed}
    assert send(cloud, "GET", "/servers", user="admin").json() == {"servers": []}


def test_a_reader_makes_neither_servers_nor_snapshots(
    cloud: Cloud, servers: Sequence[Server]
) -> None:
    token = login_to_project_of_owner(cloud)
    path = f"/v2.1/servers/{servers[0].id}"
    assert cloud.request("none", "GET", path, headers=token).status == 200
    body = json.dumps({"createImage": {"name": "snap"}}).encode()
    refused = cloud.request("none", "POST", f"{path}/action", body, token)
    message = "Policy doesn't allow os_compute_api:servers:create_image to be performed."
    assert refused.json() == {"forbidden": {"code": 403, "message": message}}
    assert cloud.request("none", "DELETE", path, headers=token).status == 403


def login_to_project_of_owner(cloud: Cloud) -> list[tuple[str, str]]:
    """Return the header with a token of GUEST for the project of ``owner``."""
    user = {"name": GUEST.name, "domain": {"id": "default"}, "password": PASSWORD}
    identity = {"methods": ["password"], "password": {"user": user}}
    auth = {"identity": identity, "scope": {"project": {"id": OWNER}}}
    return [("X-Auth-Token", request_token(cloud.identity_url, auth))]


def test_create_image_names_the_image_in_a_header(cloud: Cloud) -> None:
    server_id = make_new_server(cloud)
    response = create_image(cloud, make_server(id=server_id))
    assert (response.status, response.body) == (202, b""), str(response)
    url, _, image_id = str(response.header("Location")).rpartition("/")
    assert url == f"{cloud.image_url_at(cloud.process.base_url)}/images"
    image = wait_for_image(cloud, image_id)
    assert image["server"]["id"] == server_id
    assert (
        image["metadata"].items()
        >= {
            "image_type": "snapshot",
            "instance_uuid": server_id,
            "base_image_ref": IMAGE_ID,
            "os_distro": "debian",
            "owner_project_name": "owner",
            "key": "value",
        }.items()
    )
    assert image["OS-EXT-IMG-SIZE:size"] > 0


def test_create_image_names_the_image_in_the_body_from_2_45(
    cloud: Cloud, servers: Sequence[Server]
) -> None:
    response = create_image(cloud, servers[1], microversion="2.45")
    assert response.status == 202, str(response)
    assert response.header("Location") is None
    wait_for_image(cloud, response.json()["image_id"])


def test_snapshots_are_listed_by_their_server_and_type(cloud: Cloud) -> None:
    server_id = make_new_server(cloud)
    response = create_image(cloud, make_server(id=server_id), microversion="2.45")
    image_id = response.json()["image_id"]
    wait_for_image(cloud, image_id)
    for query in (f"server={server_id}", f"server=http://c/v2.1/servers/{server_id}"):
        images = send(cloud, "GET", f"/images?{query}").json()["images"]
        assert [image["id"] for image in images] == [image_id]
    snapshots = send(cloud, "GET", "/images?type=snapshot").json()["images"]
    assert image_id in {image["id"] for image in snapshots}


def test_a_state_that_allows_no_snapshot_is_a_conflict(
    cloud: Cloud, servers: Sequence[Server]
) -> None:
    message = f"Cannot 'createImage' instance {servers[2].id} while it is in vm_state rescued"
    response = create_image(cloud, servers[2])
    assert response.json() == {"conflictingRequest": {"code": 409, "message": message}}


@pytest.mark.parametrize(("microversion", "status"), [("2.38", 403), ("2.39", 202)])
def test_more_metadata_than_allowed_is_refused_before_2_39(
    cloud: Cloud, microversion: str, status: int
) -> None:
    metadata = {f"key{number}": "value" for number in range(129)}
    body = {"createImage": {"name": "snap", "metadata": metadata}}
    path = f"/servers/{make_new_server(cloud)}/action"
    response = send(cloud, "POST", path, body, microversion=microversion)
    assert response.status == status, str(response)
    assert ("Image metadata limit exceeded" in str(response)) == (status == 403)


def test_a_deleted_server_is_not_found(cloud: Cloud) -> None:
    server_id = make_new_server(cloud)
    assert send(cloud, "DELETE", f"/servers/{server_id}").status == 204
    message = f"Instance {server_id} could not be found."
    for response in (
        send(cloud, "GET", f"/servers/{server_id}"),
        send(cloud, "DELETE", f"/servers/{server_id}"),
        create_image(cloud, make_server(id=server_id)),
    ):
        assert response.json() == {"itemNotFound": {"code": 404, "message": message}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"flavorRef": "nosuch"}, "Flavor nosuch could not be found."),
        ({"imageRef": str(uuid.uuid4())}, "Can not find requested image"),
        ({"imageRef": ""}, "Missing imageRef attribute"),
    ],
)
def test_a_server_that_cannot_be_made_is_a_bad_request(
    cloud: Cloud, changes: dict[str, str], message: str
) -> None:
    server = {"name": "new", "imageRef": IMAGE_ID, "flavorRef": "m1.tiny", **changes}
    response = send(cloud, "POST", "/servers", {"server": server})
    assert response.json() == {"badRequest": {"code": 400, "message": message}}


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/servers/x"), ("GET", "/servers/x/metadata"), ("GET", "/os-keypairs")],
)
def test_what_else_compute_has_stays_not_implemented(cloud: Cloud, method: str, path: str) -> None:
    assert send(cloud, method, path, {}).status == 501


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_the_next_process_makes_the_snapshot_of_one_that_has_ended(
    tmp_path: Path, end: str
) -> None:
    servers = servers_of_owner()
    seed(tmp_path / "state", servers)
    with start(tmp_path, snapshot_seconds=3600) as process:
        cloud = EmbeddedCloud(process)
        response = create_image(cloud, servers[0], microversion="2.45")
        image_id = response.json()["image_id"]
        shown = send(cloud, "GET", f"/servers/{servers[0].id}").json()["server"]
        assert shown["OS-EXT-STS:task_state"] == "image_snapshot_pending"
        assert create_image(cloud, servers[0]).status == 409
        if end == "kill":
            process.kill()
    with start(tmp_path, snapshot_seconds=0) as process:
        cloud = EmbeddedCloud(process)
        wait_for_image(cloud, image_id)
        wait_until(
            lambda: create_image(cloud, servers[0]).status == 202,
            "the server still makes the snapshot",
        )
