"""Servers are seen, made, deleted and snapshot by those who may, in states that allow it."""

import pytest

from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.servers.service import EmbeddedServers
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import Caller
from glimpse.images.errors import Forbidden
from glimpse.servers.errors import (
    BaseImageNotActive,
    BaseImageNotFound,
    FlavorNotFound,
    NotImplementedHere,
    ServerMarkerNotFound,
    ServerNotFound,
    WrongState,
)
from glimpse.servers.query import ServerQuery
from glimpse.servers.server import STATES, Flavor
from glimpse.servers.service import NewServer
from tests.embedded.images import ADMIN, OTHER, OWNER, listed, make
from tests.embedded.servers.conftest import Put
from tests.support.servers import make_server


async def test_a_project_sees_its_own_servers(servers: EmbeddedServers, put: Put) -> None:
    server = make_server()
    await put(server)
    assert (await servers.get_server(OWNER, server.id)).name == "server"
    assert (await servers.get_server(ADMIN, server.id.upper())).name == "server"
    with pytest.raises(ServerNotFound):
        await servers.get_server(OTHER, server.id)
    with pytest.raises(ServerNotFound):
        await servers.delete_server(OTHER, server.id)
    with pytest.raises(ServerNotFound):
        await servers.create_image(OTHER, server.id, "snap", {})


async def test_a_list_has_the_servers_of_its_project(servers: EmbeddedServers, put: Put) -> None:
    own, other = make_server(), make_server(project_id="other")
    await put(own, other)
    listed = await servers.list_servers(OWNER, ServerQuery())
    assert [each.id for each in listed.servers] == [own.id]
    with pytest.raises(ServerMarkerNotFound):
        await servers.list_servers(OWNER, ServerQuery(marker=other.id))
    everywhere = await servers.list_servers(ADMIN, ServerQuery(all_projects=True))
    assert {each.id for each in everywhere.servers} == {own.id, other.id}


async def test_a_caller_without_a_project_gets_no_servers(
    servers: EmbeddedServers, put: Put
) -> None:
    await put(make_server())
    listed = await servers.list_servers(Caller("u-admin", None, is_admin=True), ServerQuery())
    assert listed.servers == []


async def test_a_new_server_is_active_and_inherits_of_its_image(
    service: EmbeddedImageService, servers: EmbeddedServers
) -> None:
    image_id = await make(service, os_distro="debian")
    caller = Caller(
        "u-owner", "owner", frozenset({"member", "reader"}), user_name="o", project_name="p"
    )
    new = NewServer("web", image_id, "m1.tiny", metadata={"a": "b"}, tags=("x",))
    server = await servers.create_server(caller, new)
    assert (server.status, server.project_id, server.user_id) == ("ACTIVE", "owner", "u-owner")
    assert server.inheritance.properties == {
        "os_distro": "debian",
        "base_image_ref": image_id,
        "owner_user_name": "o",
        "owner_project_name": "p",
        "boot_roles": "member,reader",
    }
    assert await servers.get_server(OWNER, server.id) == server


async def test_a_new_server_needs_an_active_image_and_a_flavor(
    service: EmbeddedImageService, servers: EmbeddedServers
) -> None:
    others = await make(service, owner="other")
    queued = (await service.create_image(OWNER, NewImage())).id
    with pytest.raises(BaseImageNotFound):
        await servers.create_server(OWNER, NewServer("web", others, "m1.tiny"))
    with pytest.raises(BaseImageNotActive):
        await servers.create_server(OWNER, NewServer("web", queued, "m1.tiny"))
    with pytest.raises(FlavorNotFound):
        await servers.create_server(OWNER, NewServer("web", await make(service), "nosuch"))


async def test_there_are_the_flavors_of_the_servers(servers: EmbeddedServers, put: Put) -> None:
    big = Flavor("big", 8, 4096, 80)
    await put(make_server(flavor=big), make_server(flavor=big))
    assert await servers.list_flavors() == [big, Flavor("m1.tiny")]


@pytest.mark.parametrize("status", STATES)
async def test_only_some_states_allow_a_snapshot(
    service: EmbeddedImageService, servers: EmbeddedServers, put: Put, status: str
) -> None:
    server = make_server(status=status, image_id=await make(service))
    await put(server)
    before = await listed(service, OWNER)
    if status in ("ACTIVE", "PAUSED", "SHUTOFF", "SUSPENDED"):
        assert await servers.create_image(OWNER, server.id, "snap", {})
        return
    state = STATES[status]
    name = "vm_state" if state.vm not in ("active", "stopped") else "task_state"
    value = state.vm if name == "vm_state" else state.task
    message = f"Cannot 'createImage' instance {server.id} while it is in {name} {value}"
    with pytest.raises(WrongState, match=message):
        await servers.create_image(OWNER, server.id, "snap", {})
    assert await listed(service, OWNER) == before


async def test_one_snapshot_of_a_server_is_made_at_a_time(
    service: EmbeddedImageService, servers: EmbeddedServers, put: Put
) -> None:
    server = make_server(image_id=await make(service))
    await put(server)
    await servers.create_image(OWNER, server.id, "first", {})
    with pytest.raises(WrongState, match="while it is in task_state image_snapshot_pending"):
        await servers.create_image(OWNER, server.id, "second", {})


async def test_a_server_of_a_refused_snapshot_can_be_snapshot_again(
    service: EmbeddedImageService, servers: EmbeddedServers, put: Put
) -> None:
    server = make_server(image_id=await make(service))
    await put(server)
    without_roles = Caller("u-owner", "owner")
    with pytest.raises(Forbidden):
        await servers.create_image(without_roles, server.id, "snap", {})
    assert await servers.create_image(OWNER, server.id, "snap", {})


async def test_a_snapshot_of_a_volume_is_not_implemented(
    servers: EmbeddedServers, put: Put
) -> None:
    server = make_server(image_id=None)
    await put(server)
    with pytest.raises(NotImplementedHere):
        await servers.create_image(OWNER, server.id, "snap", {})
