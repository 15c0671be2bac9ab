"""EmbeddedServers: a ServerService that keeps servers itself. No machine runs."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from glimpse.embedded.image_changes import current_time
from glimpse.embedded.servers.server_table import ServerTable
from glimpse.embedded.servers.snapshot_image import inheritance_of, new_snapshot
from glimpse.embedded.servers.snapshots import Snapshots
from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.upload_locks import UploadLock
from glimpse.images import Caller
from glimpse.images.errors import ImageNotFound
from glimpse.servers.errors import (
    BaseImageNotActive,
    BaseImageNotFound,
    FlavorNotFound,
    NotImplementedHere,
    ServerNotFound,
    WrongState,
)
from glimpse.servers.query import ServerPage, ServerQuery, select_page
from glimpse.servers.server import Flavor, Inheritance, Server, Snapshot
from glimpse.servers.service import NewServer

MAX_SERVERS = 1000  # of a project: lists are made in memory
_CAN_BE_SAVED = ("active", "stopped", "paused", "suspended")  # states of a server


class EmbeddedServers:
    """Servers in a table, and their snapshots in the embedded image service.

    A new server is active at once, has no address, and no data of its own: each snapshot is an
    empty disk.
    """

    def __init__(
        self,
        state_dir: Path,
        images: EmbeddedImageService,
        *,
        snapshot_seconds: float = 0.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], str] = current_time,
    ) -> None:
        """Open the servers in `state_dir`; `sleep` waits for so many seconds.

        A snapshot takes `snapshot_seconds`. `clock` returns the current time as an image's date.
        Raises Unavailable.
        """
        self._images = images
        self._table = ServerTable(state_dir)
        self._snapshots = Snapshots(self._table, images.snapshots, snapshot_seconds, sleep)
        self._clock = clock

    async def list_servers(self, query: ServerQuery) -> ServerPage:
        """Return the servers that `query` selects. Raises MarkerNotFound."""
        return await asyncio.to_thread(
            lambda: select_page(self._table.list(query.project_id), query)
        )

    async def get_server(self, caller: Caller, server_id: str) -> Server:
        """Return the server with this id.

        Raises ServerNotFound, also for another project's server unless `caller` is an admin.
        """
        server = await asyncio.to_thread(self._table.get, server_id.lower())
        if not (caller.is_admin or server.project_id == caller.project_id):
            raise ServerNotFound(server_id)
        return server

    async def create_server(self, caller: Caller, new: NewServer) -> Server:
        """Make a server of the caller's project; it is active at once.

        Raises BaseImageNotFound, BaseImageNotActive, FlavorNotFound or TooManyServers.
        """
        try:
            base = await self._images.get_image(caller, new.image_id)
        except ImageNotFound:
            raise BaseImageNotFound from None
        if base.status != "active":
            raise BaseImageNotActive(base.id)
        flavors = {flavor.name: flavor for flavor in await self.list_flavors()}
        if new.flavor_id not in flavors:
            raise FlavorNotFound(new.flavor_id)
        now = self._clock()
        owner = {
            "owner_user_name": caller.user_name,
            "owner_project_name": caller.project_name,
            "boot_roles": ",".join(sorted(caller.roles)),
        }
        server = Server(
            id=str(uuid.uuid4()),
            name=new.name,
            project_id=caller.project_id or "",
            user_id=caller.user_id,
            image_id=base.id,
            status="ACTIVE",
            created_at=now,
            updated_at=now,
            flavor=flavors[new.flavor_id],
            metadata=new.metadata,
            key_name=new.key_name,
            description=new.description,
            availability_zone=new.availability_zone or "nova",
            tags=new.tags,
            inheritance=Inheritance({key: text for key, text in owner.items() if text}),
        )
        server = replace(server, inheritance=inheritance_of(server, base))
        await asyncio.to_thread(self._table.add, server, MAX_SERVERS)
        return server

    async def delete_server(self, caller: Caller, server_id: str) -> None:
        """Delete a server, and a snapshot that is being made of it. Raises ServerNotFound."""
        server = await self.get_server(caller, server_id)
        await asyncio.to_thread(self._table.delete, server.id)

    async def create_image(
        self, caller: Caller, server_id: str, name: str, metadata: Mapping[str, str]
    ) -> str:
        """Start a snapshot of a server, and return the id of its image, which is queued.

        Raises what `ServerService.create_image` raises; then there is no image.
        """
        server = await self.get_server(caller, server_id)
        if server.image_id is None:
            raise NotImplementedHere(
                "Snapshots of servers that were booted from a volume are not implemented here."
            )
        lock = await self._images.snapshots.lock(str(uuid.uuid4()))
        try:
            await asyncio.to_thread(self._table.update, server.id, _claim(lock.image_id))
            await self._create(caller, server, lock, name, metadata)
        except BaseException:
            lock.release()
            raise
        self._snapshots.start(server.id, lock)
        return lock.image_id

    async def _create(
        self,
        caller: Caller,
        server: Server,
        lock: UploadLock,
        name: str,
        metadata: Mapping[str, str],
    ) -> None:
        """Create the image of a server's snapshot; on an error, forget the snapshot of the server.

        If the server is another project's, it becomes a member of the image.
        """
        try:
            new = new_snapshot(caller, server, lock.image_id, name, metadata)
            await self._images.create_image(caller, new)
            if new.visibility == "shared":
                await self._images.members.add(caller, lock.image_id, server.project_id)
        except BaseException:
            with contextlib.suppress(ServerNotFound):
                await asyncio.to_thread(
                    self._table.update, server.id, lambda each: replace(each, snapshot=None)
                )
            raise

    async def list_flavors(self) -> Sequence[Flavor]:
        """Return the standard flavor and those of all servers, by name."""
        servers = await asyncio.to_thread(self._table.list, None)
        flavors = {each.name: each for each in (Flavor(), *(server.flavor for server in servers))}
        return [flavors[name] for name in sorted(flavors)]

    async def resume(self, lock: UploadLock) -> bool:
        """Start the snapshot that an ended process left, and return True.

        Return False if there is none: then the caller still has to release the lock.
        """
        return await self._snapshots.resume(lock)

    async def wait_until_idle(self) -> None:
        """Return when no snapshot is being made."""
        await self._snapshots.jobs.wait_until_idle()

    async def close(self) -> None:
        """Hand the snapshots that are being made over to the next process."""
        await self._snapshots.jobs.close()


def _claim(image_id: str) -> Callable[[Server], Server]:
    """Return the change that lets a server make the snapshot `image_id`. It raises WrongState."""

    def claim(server: Server) -> Server:
        if server.vm_state not in _CAN_BE_SAVED:
            raise WrongState(server.id, "createImage", "vm_state", server.vm_state)
        if server.task_state is not None:
            raise WrongState(server.id, "createImage", "task_state", server.task_state)
        return replace(server, snapshot=Snapshot(image_id))

    return claim
