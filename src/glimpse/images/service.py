"""ImageService: the port that `glance` and `embedded` implement, all that `compute` speaks to."""

from collections.abc import AsyncGenerator
from typing import Protocol

from glimpse.images.caller import Caller
from glimpse.images.changes import PropertyChanges
from glimpse.images.image import Image
from glimpse.images.query import ImageQuery, Page


class ImageService(Protocol):
    """Images as one caller sees them.

    Who sees what is the Image service's rule (public, owner's, shared with an accepted member,
    community by id; an admin sees all), and so is what a caller's roles allow: see
    `images.permissions`. Without the permission to get an image it is not found, without one to
    list or to write, Forbidden is raised. Any method may raise NotAuthenticated, Unavailable or
    InvalidResponse of `images.errors`.
    """

    def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield the images that match, newest first unless `query.sort` says otherwise, in pages.

        At least one page comes; the one with ``last`` set ends the answer. Together the pages hold
        at most `query.limit` images. Pages are made as they are asked for: memory stays flat.
        Before the first page: Forbidden, Invalid, MarkerNotFound, MarkerNotVisible.
        """
        ...

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return one image by id. Raises ImageNotFound; `image_id` may be any text."""
        ...

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Apply `changes` atomically and return the image as it is afterwards.

        Only the keys that `changes` names change: writers of other keys lose nothing. Checked in
        this order: ImageNotFound (not visible), PropertyNotFound (of `changes.remove`),
        PropertyLimitExceeded, Forbidden (not the caller's to edit, or a reserved ``os_glance*``
        key), Invalid (refused by the store). A change that changes nothing of a public image is
        allowed to all who may modify images of their own.
        """
        ...

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Delete one image. Raises ImageNotFound, Forbidden (also when protected), Conflict."""
        ...

    async def base_attributes(self, caller: Caller) -> frozenset[str]:
        """The names that are attributes of an image rather than properties of one."""
        ...

    async def close(self) -> None:
        """Finish what was acknowledged and let go of files and connections."""
        ...
