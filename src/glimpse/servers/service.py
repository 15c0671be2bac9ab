"""ServerService: the interface through which the Compute API reads and snapshots servers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from glimpse.images import Caller
from glimpse.servers.query import ServerPage, ServerQuery
from glimpse.servers.server import Flavor, Server


@dataclass(frozen=True, slots=True)
class NewServer:
    """A server to be made of the image `image_id` with the flavor `flavor_id`.

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

    A caller sees the servers of its project; an admin sees all servers. A method with a `server_id`
    raises ServerNotFound if there is no such server or the caller does not see the server. Any
    method may raise `images.errors.Unavailable`. Call `close` at the end.
    """

    async def list_servers(self, caller: Caller, query: ServerQuery) -> ServerPage:
        """Return the page of the caller's servers that `query` selects.

        If `query.all_projects` is True, the servers of all projects are listed. Check before that
        `caller` may list them: it is not checked here, because a policy rule can allow it to others
        than admins. Raises ServerMarkerNotFound if none of these servers has the id `query.marker`.
        """
        ...

    async def get_server(self, caller: Caller, server_id: str) -> Server:
        """Return the server with this id. `server_id` may be any text."""
        ...

    async def create_server(self, caller: Caller, new: NewServer) -> Server:
        """Make a server of the caller's project, and return it in status ACTIVE.

        Raises BaseImageNotFound if the image does not exist or `caller` may not see it;
        BaseImageNotActive if the image is not active; FlavorNotFound if no flavor has the id; and
        TooManyServers if the project may not have more servers.
        """
        ...

    async def delete_server(self, caller: Caller, server_id: str) -> None:
        """Delete a server. A snapshot that is being made of the server is deleted soon after."""
        ...

    async def create_image(
        self, caller: Caller, server_id: str, name: str, metadata: Mapping[str, str]
    ) -> str:
        """Start a snapshot of a server, and return the id of its image, which is queued.

        The image has the properties in `metadata`, and those that Compute adds. Raises WrongState
        if the server's state allows no snapshot, or another snapshot is being made;
        NotImplementedHere if the server was booted from a volume; and the errors of `images.errors`
        with which the image service refuses the image. After an error, no snapshot is left.
        """
        ...

    async def list_flavors(self) -> Sequence[Flavor]:
        """Return all flavors, sorted by name."""
        ...

    async def close(self) -> None:
        """Stop making snapshots. The next process makes the unfinished ones."""
        ...
