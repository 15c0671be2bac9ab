"""A snapshot goes from queued to active, and ends cleanly whatever happens meanwhile."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from glimpse.embedded.quotas import ImageQuotas, ProjectQuotas
from glimpse.embedded.servers.service import EmbeddedServers
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images.errors import Conflict, Forbidden, ImageNotFound, Unavailable
from glimpse.servers.server import SNAPSHOT_PENDING, SNAPSHOT_UPLOADING, Server
from tests.embedded.data import download, stored_files
from tests.embedded.images import ADMIN, OWNER, chunks_of, listed, make
from tests.embedded.servers.conftest import Put, Waits, open_servers
from tests.support.embedded import open_images
from tests.support.servers import make_server, put_servers


@pytest.fixture
async def server(service: EmbeddedImageService, put: Put) -> Server:
    """A server of OWNER, made of an image with a property."""
    image_id = await make(service, os_distro="debian", min_disk=3)
    made = make_server(image_id=image_id)
    await put(made)
    return made


async def status(service: EmbeddedImageService, image_id: str) -> str:
    return (await service.get_image(OWNER, image_id)).status


async def task(servers: EmbeddedServers, server: Server) -> str | None:
    return (await servers.get_server(OWNER, server.id)).task_state


def fails_first(error: Exception, function: Callable[..., Awaitable[Any]]) -> Any:
    """Return a function that raises `error` when it is first called, and then calls `function`."""
    errors = [error]

    async def call(*arguments: Any) -> Any:
        if errors:
            raise errors.pop()
        return await function(*arguments)

    return call


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


async def test_a_snapshot_that_fails_is_deleted(state: Path, waits: Waits) -> None:
    """Its data would exceed the quota of the project."""
    quotas = ProjectQuotas(
        image_size_total=-1,
        image_stage_total=-1,
        image_count_total=-1,
        image_count_uploading=-1,
        user_storage_quota=1000,
    )
    service = open_images(state, project_quotas=quotas)
    servers = open_servers(state, service, waits)
    server = make_server(image_id=await make(service))
    await put_servers(state, service, [server])
    image_id = await servers.create_image(OWNER, server.id, "snap", {})
    (await waits.next()).set()
    await servers.wait_until_idle()
    assert await task(servers, server) is None
    with pytest.raises(ImageNotFound):
        await service.get_image(OWNER, image_id)
    await servers.close()
    await service.close()


@pytest.mark.parametrize("error", [Unavailable("disk"), ZeroDivisionError()])
async def test_a_snapshot_that_fails_for_any_reason_is_deleted(
    service: EmbeddedImageService,
    servers: EmbeddedServers,
    server: Server,
    waits: Waits,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    image_id = await servers.create_image(OWNER, server.id, "snap", {})
    monkeypatch.setattr(service.snapshots, "begin", fails_first(error, service.snapshots.begin))
    (await waits.next()).set()
    await servers.wait_until_idle()
    assert await task(servers, server) is None
    with pytest.raises(ImageNotFound):
        await service.get_image(OWNER, image_id)


async def test_the_image_of_a_failed_snapshot_is_deleted_once_the_disk_can_be_written(
    service: EmbeddedImageService,
    servers: EmbeddedServers,
    server: Server,
    waits: Waits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data, error = service.snapshots, Unavailable("disk")
    image_id = await servers.create_image(OWNER, server.id, "snap", {})
    monkeypatch.setattr(data, "begin", fails_first(error, data.begin))
    monkeypatch.setattr(data, "delete", fails_first(error, data.delete))
    (await waits.next()).set()
    before_retry = await waits.next()
    assert await status(service, image_id) == "queued"
    before_retry.set()
    await servers.wait_until_idle()
    assert await task(servers, server) is None
    with pytest.raises(ImageNotFound):
        await service.get_image(OWNER, image_id)


@pytest.mark.parametrize("deletion_fails", [False, True])
async def test_a_snapshot_that_cannot_be_shared_is_deleted(
    state: Path, waits: Waits, monkeypatch: pytest.MonkeyPatch, *, deletion_fails: bool
) -> None:
    """The operator allows no members, so the image cannot be shared with the server's project."""
    service = open_images(state, image_quotas=ImageQuotas(128, 128, 0))
    servers = open_servers(state, service, waits)
    server = make_server(image_id=await make(service))
    await put_servers(state, service, [server])
    before = await listed(service, ADMIN)
    data = service.snapshots
    if deletion_fails:
        monkeypatch.setattr(data, "delete", fails_first(Unavailable("disk"), data.delete))
    with pytest.raises(Forbidden):
        await servers.create_image(ADMIN, server.id, "snap", {})
    await servers.wait_until_idle()
    assert await listed(service, ADMIN) == before
    assert await task(servers, server) is None
    assert list((state / "uploads").iterdir()) == []
    await servers.close()
    await service.close()


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


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        ({"project_quotas": ProjectQuotas(-1, -1, 0, -1, 0)}, "image_count_total"),
        ({"image_quotas": ImageQuotas(-1, -1, 0)}, "number of allowed image members"),
    ],
)
async def test_a_snapshot_beyond_a_quota_is_forbidden_and_leaves_nothing(
    state: Path, waits: Waits, options: dict[str, Any], limit: str
) -> None:
    """The image, or the member that the server's project would be, is one too many."""
    service = open_images(state, **options)
    servers = open_servers(state, service, waits)
    server = make_server()
    await put_servers(state, service, [server])
    with pytest.raises(Forbidden, match=limit):
        await servers.create_image(ADMIN, server.id, "snap", {})
    assert await listed(service, ADMIN) == []
    assert await task(servers, server) is None
    assert stored_files(state) == []
    await servers.close()
    await service.close()
