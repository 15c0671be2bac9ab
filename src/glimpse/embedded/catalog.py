"""Catalog: the port (interface) for catalog engines of the embedded image service.

An engine stores and finds records. The service passes it functions that decide whether a write is
allowed; the engine calls them inside its transaction.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from glimpse.images import Caller, Image, ImageQuery, Page


class Record(NamedTuple):
    """An image, and the status of one project's membership in it; None if it is no member."""

    image: Image
    membership: str | None = None


Check = Callable[[Record], object]  # raises to refuse
Change = Callable[[Record], Image]  # returns the image to store, or raises to refuse
Members = Mapping[str, str]  # project id -> status of its membership


class Catalog(Protocol):
    """Stores image records. Any method may raise Unavailable.

    A write returns when a crash can no longer undo it. Writes of one image happen one after the
    other, and one that raises changes nothing. `project_id` names the project whose membership a
    Record has.
    """

    async def get(self, image_id: str, project_id: str | None) -> Record | None:
        """Return the record with this id; None if there is none. The id may be any text."""
        ...

    def pages(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the images that `query` finds for the caller, in its order, after `marker`.

        The page with ``is_last`` ends the list; others may be empty. A page has the images of one
        bounded step, and the event loop is free between two steps. `query.marker` is ignored.
        `query.limit` is only a hint for the number of images that the caller will read: pages
        continue beyond it.
        """
        ...

    async def insert(self, image: Image) -> None:
        """Add an image. Raises Conflict when its id is taken."""
        ...

    async def update(self, image_id: str, project_id: str | None, change: Change) -> Image:
        """Store and return the image that `change`, a pure function, returns for the record.

        Raises ImageNotFound, and what `change` raises.
        """
        ...

    async def delete(self, image_id: str, project_id: str | None, check: Check) -> None:
        """Remove an image and its members unless `check` raises.

        Raises ImageNotFound, and what `check` raises.
        """
        ...

    async def set_member(
        self, image_id: str, project_id: str | None, check: Check, member: tuple[str, str, str]
    ) -> None:
        """Add or change a membership unless `check` raises.

        `member` is the project, the status and the date. Raises ImageNotFound, and what `check`
        raises.
        """
        ...

    async def put(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Store images with their members, all or none; images with the same ids are replaced.

        Of several records with the same id, the last is stored.
        """
        ...

    async def close(self) -> None:
        """Finish the writes in the queue, then close files and connections.

        All methods raise Unavailable afterwards, except `close`, which does nothing.
        """
        ...
