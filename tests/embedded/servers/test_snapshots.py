"""A snapshot goes from queued to active, and ends cleanly whatever happens meanwhile."""

from pathlib import Path

import pytest

from glimpse.embedded.servers.service import EmbeddedServers
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images.errors import Conflict, ImageNotFound
from glimpse.servers.server import SNAPSHOT_PENDING, SNAPSHOT_UPLOADING, Server
from tests.embedded.data import download, stored_files
from tests.embedded.images import ADMIN, OWNER, chunks_of, make
from tests.embedded.servers.conftest import Waits, open_servers, status, task
from tests.support.embedded import open_images
from tests.support.servers import make_server, put_servers


async def test_a_snapshot_is_queued_then_saving_then_active(
    service: EmbeddedImageService, servers: EmbeddedServers, server: Server, waits: Waits
) -> None:
    image_id = await servers.create_image(OWNER, server.id, "snap", {"key": "value"})
    queued = await waits.next()
    assert (await status(service, image_id), await task(servers, server)) == (
        "queued",
        SNAPSHOT_PENDING,
    )
    queued.set()
    saving = await waits.next()
    assert (await status(service, image_id), await task(servers, server)) == (
        "saving",
        SNAPSHOT_UPLOADING,
    )
    saving.set()
    await servers.wait_until_idle()
    image = await service.get_image(OWNER, image_id)
    assert (image.status, await task(servers, server)) == ("active", None)
    assert image.size == len(await download(service, image_id)) > 0
    assert (image.name, image.owner, image.disk_format, image.min_disk) == (
        "snap",
        "owner",
        "raw",
        3,
    )
    assert image.properties == {
        "os_distro": "debian",
        "base_image_ref": server.image_id,
        "instance_uuid": server.id,
        "user_id": OWNER.user_id,
        "image_type": "snapshot",
        "key": "value",
        "image_location": "snapshot",
        "image_state": "available",
        "owner_id": "owner",
    }


async def test_no_client_uploads_data_to_a_snapshot(
    service: EmbeddedImageService, servers: EmbeddedServers, server: Server, waits: Waits
) -> None:
    image_id = await servers.create_image(OWNER, server.id, "snap", {})
    await waits.next()
    with pytest.raises(Conflict, match="is being given data"):
        await service.data.upload(OWNER, image_id, chunks_of(b"x"))


@pytest.mark.parametrize("waits_before", [1, 2])
async def test_the_image_of_a_snapshot_may_be_deleted_meanwhile(
    service: EmbeddedImageService,
    servers: EmbeddedServers,
    server: Server,
    waits: Waits,
    state: Path,
    waits_before: int,
) -> None:
    image_id = await servers.create_image(OWNER, server.id, "snap", {})
    for _ in range(waits_before - 1):
        (await waits.next()).set()
    wait = await waits.next()
    await service.delete_image(OWNER, image_id)
    wait.set()
    await servers.wait_until_idle()
    assert await task(servers, server) is None
    assert stored_files(state) == []


@pytest.mark.parametrize("waits_before", [1, 2])
async def test_the_snapshot_of_a_server_that_is_deleted_meanwhile_is_deleted(
    service: EmbeddedImageService,
    servers: EmbeddedServers,
    server: Server,
    waits: Waits,
    state: Path,
    waits_before: int,
) -> None:
    image_id = await servers.create_image(OWNER, server.id, "snap", {})
    for _ in range(waits_before - 1):
        (await waits.next()).set()
    wait = await waits.next()
    await servers.delete_server(OWNER, server.id)
    wait.set()
    await servers.wait_until_idle()
    with pytest.raises(ImageNotFound):
        await service.get_image(OWNER, image_id)
    assert stored_files(state) == []


@pytest.mark.parametrize("waits_before", [1, 2])
async def test_a_process_deletes_the_snapshot_of_a_server_deleted_before_it_started(
    state: Path, waits: Waits, waits_before: int
) -> None:
    service = open_images(state)
    servers = open_servers(state, service, waits)
    server = make_server(image_id=await make(service))
    await put_servers(state, service, [server])
    image_id = await servers.create_image(OWNER, server.id, "snap", {})
    for _ in range(waits_before - 1):
        (await waits.next()).set()
    await waits.next()
    await servers.delete_server(OWNER, server.id)
    await servers.close()
    await service.close()
    again = open_images(state)
    servers_again = open_servers(state, again, waits)
    await again.recover(servers_again.resume)
    (await waits.next()).set()
    await servers_again.wait_until_idle()
    with pytest.raises(ImageNotFound):
        await again.get_image(OWNER, image_id)
    assert list((state / "uploads").iterdir()) == []
    await servers_again.close()
    await again.close()


@pytest.mark.parametrize("waits_before", [1, 2])
async def test_a_process_continues_the_snapshots_of_one_that_has_stopped(
    state: Path, waits: Waits, waits_before: int
) -> None:
    service = open_images(state)
    servers = open_servers(state, service, waits)
    server = make_server(image_id=await make(service))
    await put_servers(state, service, [server])
    image_id = await servers.create_image(OWNER, server.id, "snap", {})
    for _ in range(waits_before - 1):
        (await waits.next()).set()
    await waits.next()
    await servers.close()
    await service.close()
    again = open_images(state)
    servers_again = open_servers(state, again, waits)
    await again.recover(servers_again.resume)
    assert await task(servers_again, server) is not None
    for _ in range(2):
        (await waits.next()).set()
    await servers_again.wait_until_idle()
    assert (await status(again, image_id), await task(servers_again, server)) == ("active", None)
    assert stored_files(state) == [image_id]
    await servers_again.close()
    await again.close()


async def test_without_servers_an_interrupted_snapshot_is_queued(state: Path, waits: Waits) -> None:
    service = open_images(state)
    servers = open_servers(state, service, waits)
    server = make_server(image_id=await make(service))
    await put_servers(state, service, [server])
    image_id = await servers.create_image(OWNER, server.id, "snap", {})
    (await waits.next()).set()
    await waits.next()
    await servers.close()
    await service.recover()
    assert await status(service, image_id) == "queued"
    await service.close()


async def test_other_locks_are_not_those_of_snapshots(
    service: EmbeddedImageService, servers: EmbeddedServers
) -> None:
    lock = await service.snapshots.lock(await make(service))
    assert not await servers.resume(lock)
    lock.release()


async def test_an_admin_shares_the_snapshot_of_another_project_with_it(
    service: EmbeddedImageService, servers: EmbeddedServers, server: Server, waits: Waits
) -> None:
    image_id = await servers.create_image(ADMIN, server.id, "snap", {})
    await waits.next()
    members = await service.members.list(ADMIN, image_id)
    assert [(member.member_id, member.status) for member in members] == [("owner", "pending")]
    assert (await service.get_image(OWNER, image_id)).owner == ADMIN.project_id
