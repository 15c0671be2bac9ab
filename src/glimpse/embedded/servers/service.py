"""EmbeddedServers: a ServerService that keeps servers itself. No machine runs."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from glimpse.embedded.image_changes import current_time
from glimpse.embedded.quotas import QuotaExceeded
from glimpse.embedded.servers.server_table import ServerTable
from glimpse.embedded.servers.snapshot_image import inheritance_of, new_snapshot
from glimpse.embedded.servers.snapshots import Snapshots
from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.uncancelled_writes import complete
from glimpse.embedded.upload_locks import UploadLock
from glimpse.images import Caller
from glimpse.images.errors import Forbidden, ImageNotFound
from glimpse.servers.errors import (
    BaseImageNotActive,
    BaseImageNotFound,
    FlavorNotFound,
    NotImplementedHere,
    ServerNotFound,
    WrongState,
)
from glimpse.servers.list_page import ServerPage, select_page
from glimpse.servers.query import ServerQuery
from glimpse.servers.server import Flavor, Inheritance, Server, Snapshot
from glimpse.servers.service import NewServer

MAX_SERVERS = 1000  # per project, because lists are made in memory
_CAN_BE_SAVED = ("active", "stopped", "paused", "suspended")  # vm_states that allow a snapshot


class EmbeddedServers:
    """Keeps servers in a table, and stores their snapshots in the embedded image service.

    A new server is active at once. A server has no address and no data, so each snapshot is an
    empty disk. Pass `resume` to `EmbeddedImageService.recover` at the start, and call `close` at
    the end. Any method may raise Unavailable.
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
        """Open the servers in `state_dir`; create their file if it does not exist.

        A snapshot takes `snapshot_seconds`. Tests replace `sleep`, which waits for a number of
        seconds, and `clock`, which returns the current time in UTC as ``2024-02-01T10:20:30Z``.
        """
        self._images = images
        self._table = ServerTable(state_dir)
        self._snapshots = Snapshots(self._table, images.snapshots, snapshot_seconds, sleep)
        self._clock = clock

    async def list_servers(self, caller: Caller, query: ServerQuery) -> ServerPage:
        """Return the page of the caller's servers that `query` selects.

        If `query.all_projects` is True, the servers of all projects are listed: check before that
        `caller` may list them. Otherwise a caller without a project gets no servers. Raises
        ServerMarkerNotFound if none of the servers has the id `query.marker`. The marker need not
        match the conditions of the query.
        """
        project_id = None if query.all_projects else caller.project_id or ""
        return await asyncio.to_thread(lambda: select_page(self._table.list(project_id), query))

    async def get_server(self, caller: Caller, server_id: str) -> Server:
        """Return the server with this id, which may be in upper or lower case.

        Raises ServerNotFound if no server has the id, or if the server belongs to another project
        and `caller` is no admin.
        """
        server = await asyncio.to_thread(self._table.get, server_id.lower())
        if not (caller.is_admin or server.project_id == caller.project_id):
            raise ServerNotFound(server_id)
        return server

    async def create_server(self, caller: Caller, new: NewServer) -> Server:
        """Store a new server of the caller's project, and return the server, in status ACTIVE.

        `caller` must have a project. Raises the first of these errors that applies:
        BaseImageNotFound if the image does not exist or `caller` may not see it; BaseImageNotActive
        if the image is not active; FlavorNotFound if no flavor of `list_flavors` has the name
        `new.flavor_id`; and TooManyServers if the project has 1000 servers.
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
            inheritance=_of_creator(caller),
        )
        server = replace(server, inheritance=inheritance_of(server, base))
        await asyncio.to_thread(self._table.add, server, MAX_SERVERS)
        return server

    async def delete_server(self, caller: Caller, server_id: str) -> None:
        """Delete a server.

        If a snapshot of the server is being made, its image is deleted in the background, unless
        its data is being stored already.

        Raises ServerNotFound if `caller` does not see the server.
        """
        server = await self.get_server(caller, server_id)
        await asyncio.to_thread(self._table.delete, server.id)

    async def create_image(
        self, caller: Caller, server_id: str, name: str, metadata: Mapping[str, str]
    ) -> str:
        """Start a snapshot of a server, and return the id of its image, which is queued.

        Raises these errors:

        - ServerNotFound if `caller` does not see the server.
        - NotImplementedHere if the server was booted from a volume.
        - WrongState if the server's state allows no snapshot, or while another of its tasks runs.
        - Forbidden if a quota would be exceeded, if `caller` may not create or share the image, or
          if a key in `metadata` is reserved.
        - Invalid if a text has a lone surrogate or a NUL character, or if the properties are too
          large.

        After an error or a cancellation, the snapshot is undone: at once, or later if the disk
        cannot be written. A cancellation while the start is being stored is ignored.
        """
        server = await self.get_server(caller, server_id)
        if server.image_id is None:
            raise NotImplementedHere(
                "Snapshots of servers that were booted from a volume are not implemented here."
            )
        lock = await self._images.snapshots.lock(str(uuid.uuid4()))
        try:
            claim = asyncio.to_thread(self._table.update, server.id, _claim(lock.image_id))
            await complete(claim)
        except (ServerNotFound, WrongState):  # raised by the claim, which then writes nothing
            lock.release()
            raise
        except BaseException:  # the claim may be written: its thread may even go on
            lock.abandon()
            raise
        try:
            await self._create(caller, server, lock.image_id, name, metadata)
        except BaseException:
            await asyncio.shield(self._snapshots.undo(server.id, lock))
            raise
        self._snapshots.start(server.id, lock)
        return lock.image_id

    async def _create(
        self,
        caller: Caller,
        server: Server,
        image_id: str,
        name: str,
        metadata: Mapping[str, str],
    ) -> None:
        """Create the image of a server's snapshot.

        If the server belongs to another project, that project becomes a member of the image. Raises
        Forbidden if a quota would be exceeded, if `caller` may not create or share the image, or if
        a property is reserved. Raises Invalid if a text cannot be stored, or if the properties are
        too large. After an error, the image may exist already.
        """
        new = new_snapshot(caller, server, image_id, name, metadata)
        try:
            await self._images.create_image(caller, new)
            if new.visibility == "shared":
                await self._images.members.add(caller, image_id, server.project_id)
        except QuotaExceeded as error:
            raise Forbidden(str(error)) from None

    async def list_flavors(self) -> Sequence[Flavor]:
        """Return the flavor m1.tiny and the flavors of all servers, sorted by name.

        Of several flavors with the same name, only that of the oldest server is returned, even if
        the name is m1.tiny.
        """
        servers = await asyncio.to_thread(self._table.list, None)
        flavors = {each.name: each for each in (Flavor(), *(server.flavor for server in servers))}
        return [flavors[name] for name in sorted(flavors)]

    async def resume(self, lock: UploadLock) -> bool:
        """Begin again the unfinished snapshot of the image that `lock` locks; return True.

        The snapshot is made in a background job. If the server was deleted, the image is deleted
        instead, unless it is active already. At the end of the job, `lock` is released; if the
        process stops before, `lock` is abandoned. If there is no such snapshot, returns False, and
        the caller still has to release `lock`.
        """
        return await self._snapshots.resume(lock)

    async def wait_until_idle(self) -> None:
        """Return when no snapshot is being made."""
        await self._snapshots.jobs.wait_until_idle()

    async def close(self) -> None:
        """Stop making snapshots, and return when no job runs.

        The next process makes the unfinished snapshots.
        """
        await self._snapshots.jobs.close()


def _claim(image_id: str) -> Callable[[Server], Server]:
    """Return a function for `ServerTable.update` that records the start of a snapshot.

    The image of the snapshot has the id `image_id`. The function raises WrongState if the server's
    state allows no snapshot, or while another task of the server runs.
    """

    def claim(server: Server) -> Server:
        if server.vm_state not in _CAN_BE_SAVED:
            raise WrongState(server.id, "createImage", "vm_state", server.vm_state)
        if server.task_state is not None:
            raise WrongState(server.id, "createImage", "task_state", server.task_state)
        return replace(server, snapshot=Snapshot(image_id))

    return claim


def _of_creator(caller: Caller) -> Inheritance:
    """Return the properties that snapshots of a new server get from `caller`, its creator.

    The properties are the caller's user name, project name and roles (sorted, joined with commas).
    Empty values are left out.
    """
    values = {
        "owner_user_name": caller.user_name,
        "owner_project_name": caller.project_name,
        "boot_roles": ",".join(sorted(caller.roles)),
    }
    return Inheritance({key: text for key, text in values.items() if text})
