"""The image of a snapshot that fails, or that is refused, is deleted."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from glimpse.embedded.crash_recovery import CrashRecovery
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.quotas import ImageQuotas, ProjectQuotas
from glimpse.embedded.servers.server_table import ServerTable
from glimpse.embedded.servers.service import EmbeddedServers
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images.errors import Forbidden, ImageNotFound, Unavailable
from glimpse.servers.server import Server
from tests.embedded.data import stored_files
from tests.embedded.images import ADMIN, OWNER, listed, make
from tests.embedded.servers.conftest import Waits, open_servers, status, task
from tests.support.embedded import open_images
from tests.support.servers import make_server, put_servers


def fails_first(error: Exception, function: Callable[..., Awaitable[Any]]) -> Any:
    """Return a function that raises `error` at its first call, and then calls `function`."""
    errors = [error]

    async def call(*arguments: Any) -> Any:
        if errors:
            raise errors.pop()
        return await function(*arguments)

    return call


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


async def test_a_refused_snapshot_that_cannot_be_undone_at_the_stop_is_left_to_the_next_process(
    state: Path, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = open_images(state, image_quotas=ImageQuotas(128, 128, 0))
    servers = open_servers(state, service, waits)
    server = make_server(image_id=await make(service))
    await put_servers(state, service, [server])

    closed = Unavailable("The catalog is closed.")

    async def stop_and_fail(_: str) -> None:
        monkeypatch.setattr(service.snapshots, "delete", fail)
        await servers.close()
        raise closed

    async def fail(_: str) -> None:
        raise closed

    monkeypatch.setattr(service.snapshots, "delete", stop_and_fail)
    with pytest.raises(Forbidden):
        await servers.create_image(ADMIN, server.id, "snap", {})
    await asyncio.wait_for(servers.wait_until_idle(), 5)
    assert len(list((state / "uploads").iterdir())) == 1
    await service.close()


async def test_a_snapshot_cancelled_twice_while_it_is_claimed_is_ended_by_the_next_process(
    state: Path, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = open_images(state)
    servers = open_servers(state, service, waits)
    server = make_server(image_id=await make(service))
    await put_servers(state, service, [server])
    update, loop = ServerTable.update, asyncio.get_running_loop()
    begun, ended, go = asyncio.Event(), asyncio.Event(), threading.Event()

    def update_later(*arguments: Any) -> Server:
        loop.call_soon_threadsafe(begun.set)
        go.wait(5)
        updated = update(*arguments)
        loop.call_soon_threadsafe(ended.set)
        return updated

    monkeypatch.setattr(ServerTable, "update", update_later)
    creation = asyncio.create_task(servers.create_image(OWNER, server.id, "snap", {}))
    await begun.wait()
    for _ in range(2):
        creation.cancel()
        await asyncio.sleep(0)
    with contextlib.suppress(asyncio.CancelledError):
        await creation
    go.set()
    await ended.wait()
    assert await task(servers, server) is not None
    monkeypatch.setattr(ServerTable, "update", update)
    await service.recover(servers.resume)
    (await asyncio.wait_for(waits.next(), 5)).set()
    await servers.wait_until_idle()
    assert await task(servers, server) is None
    assert list((state / "uploads").iterdir()) == []
    await servers.close()
    await service.close()


async def test_closing_does_not_wait_for_a_broken_disk_while_a_snapshot_is_undone(
    service: EmbeddedImageService,
    servers: EmbeddedServers,
    server: Server,
    waits: Waits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undoing, finish = asyncio.Event(), asyncio.Event()

    async def fail(*_: object) -> None:
        raise Unavailable("disk")

    async def undo_slowly(*_: object) -> None:
        undoing.set()
        await finish.wait()

    monkeypatch.setattr(DirectoryStore, "put", fail)
    monkeypatch.setattr(CrashRecovery, "undo_upload", undo_slowly)
    monkeypatch.setattr(service.snapshots, "delete", fail)
    await servers.create_image(OWNER, server.id, "snap", {})
    for _ in range(2):
        (await waits.next()).set()
    await undoing.wait()
    closing = asyncio.ensure_future(servers.close())
    await asyncio.sleep(0)  # the snapshot gets the cancellation
    finish.set()
    async with asyncio.timeout(20):
        await closing
