"""ServerService: the interface through which the Compute API reads and snapshots servers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from glimpse.images import Caller
from glimpse.servers.list_page import ServerPage
from glimpse.servers.query import ServerQuery
from glimpse.servers.server import Flavor, Server


@dataclass(frozen=True, slots=True)
class NewServer:
    """A server to be made of the image `image_id` with the flavor of the name `flavor_id`.

    If `availability_zone` is None, the server gets the zone ``nova``.
    """

    name: str
    image_id: str
    flavor_id: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    key_name: str | None = None
    description: str | None = None
    availability_zone: str | None = None
    tags: tuple[str, ...] = ()


class ServerService(Protocol):
    """Reads, makes, deletes and snapshots servers. The caller's roles are not checked here.

    A caller sees the servers of the caller's project. An admin sees all servers. A method with a
    `server_id` raises ServerNotFound if there is no such server or the caller does not see the
    server. Any method may raise `images.errors.Unavailable`. Call `close` at the end.
    """

    async def list_servers(self, caller: Caller, query: ServerQuery) -> ServerPage:
        """Return the page that `query` selects from the servers of the caller's project.

        A caller without a project gets no servers. If `query.all_projects` is True, the page is
        selected from the servers of all projects, and any caller gets it: the user of this service
        has to check the caller's roles before. Raises ServerMarkerNotFound if none of the servers
        has the id `query.marker`.
        """
        ...

    async def get_server(self, caller: Caller, server_id: str) -> Server:
        """Return the server with this id. `server_id` may be any text, in upper or lower case.

        Raises ServerNotFound if there is no such server or `caller` does not see it.
        """
        ...

    async def create_server(self, caller: Caller, new: NewServer) -> Server:
        """Make a server in the caller's project, and return the server, whose status is ACTIVE.

        `caller` must have a project. Raises BaseImageNotFound if the image does not exist or
        `caller` may not see the image. Raises BaseImageNotActive if the image is not active. Raises
        FlavorNotFound if no flavor has the id. Raises TooManyServers if the project may not have
        more servers.
        """
        ...

    async def delete_server(self, caller: Caller, server_id: str) -> None:
        """Delete a server. Raises ServerNotFound if `caller` sees no such server.

        If a snapshot of the server is being made, the snapshot's image is deleted in the
        background, unless its data is being stored already.
        """
        ...

    async def create_image(
        self, caller: Caller, server_id: str, name: str, metadata: Mapping[str, str]
    ) -> str:
        """Start a snapshot of a server, and return the id of the snapshot's queued image.

        The snapshot is made in the background. If it fails there, or if the server is deleted
        before the data is stored, the image is deleted. The image has the properties in `metadata`,
        and properties that Compute adds. Raises these errors:

        - ServerNotFound if there is no such server or `caller` does not see it.
        - WrongState if the server's state allows no snapshot, or another snapshot is being made.
        - NotImplementedHere if the server was booted from a volume.
        - Forbidden, or another error of `images.errors`, if the image service does not create the
          image.

        After one of these errors, no image is left: an image that was created is deleted, at once
        or in the background.
        """
        ...

    async def list_flavors(self) -> Sequence[Flavor]:
        """Return all flavors, sorted by name."""
        ...

    async def close(self) -> None:
        """Stop making snapshots, and return when none is being made.

        The next process makes the unfinished snapshots. Call this method when all calls of the
        other methods have ended.
        """
        ...
