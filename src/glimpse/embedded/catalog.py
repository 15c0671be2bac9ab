"""Catalog: the port that catalog engines implement, all that the embedded image service needs.

An engine keeps records and finds them; what may be done to an image is decided by the functions
that the service hands over, which an engine calls inside its transaction.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from glimpse.images import Caller, Image, ImageQuery, Page


class Record(NamedTuple):
    """An image, and the status of one project's membership in it (None: it is no member)."""

    image: Image
    membership: str | None = None


Check = Callable[[Record], object]
Change = Callable[[Record], Image]
Members = Mapping[str, str]  # project id -> status of its membership


class Catalog(Protocol):
    """Image records. Any method may raise Unavailable; `project_id` says whose membership counts.

    Acknowledged means durable: a write returns when a crash can no longer undo it. Writes of one
    image happen one after the other.
    """

    async def get(self, image_id: str, project_id: str | None) -> Record | None:
        """The image with this id, which may be any text; None when there is none."""
        ...

    def pages(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the images that `query` finds for the caller, in its order, after `marker`.

        `query.limit` only says how many are likely to be read: pages go on until one is the
        ``last``. A page may be empty: it is what one bounded step found, and the event loop is free
        between two.
        """
        ...

    async def insert(self, image: Image) -> None:
        """Add an image. Raises Conflict when its id is taken."""
        ...

    async def update(self, image_id: str, project_id: str | None, change: Change) -> Image:
        """Store what `change`, a pure function, makes of the image; return that.

        Raises ImageNotFound, and what `change` raises: then nothing changes.
        """
        ...

    async def delete(self, image_id: str, project_id: str | None, check: Check) -> None:
        """Remove an image and its members unless `check` raises. Raises ImageNotFound."""
        ...

    async def set_member(
        self, image_id: str, project_id: str | None, check: Check, member: tuple[str, str, str]
    ) -> None:
        """Add or change a membership - project, status, date - unless `check` raises."""
        ...

    async def put(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Store images with their members, all or none; images with the same ids are replaced.

        Of several records of one id the last counts.
        """
        ...

    async def close(self) -> None:
        """Finish what is under way, then let go of files and connections."""
        ...
