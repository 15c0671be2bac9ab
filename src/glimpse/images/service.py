"""ImageService: the port through which `compute` uses images."""

from collections.abc import AsyncGenerator
from typing import Protocol

from glimpse.images.caller import Caller
from glimpse.images.changes import PropertyChanges
from glimpse.images.image import Image
from glimpse.images.query import ImageQuery, Page


class ImageService(Protocol):
    """Images, as far as a caller may see and change them. Implemented by `glance` and `embedded`.

    A caller sees public images, those of its project, those shared with its project as an accepted
    member, and community images by id; an admin sees all. What its roles allow is in
    `images.permissions`: without permission to get images an image is not found; without
    permission to list or to write, Forbidden is raised. Any method may raise NotAuthenticated,
    Unavailable or InvalidResponse of `images.errors`.
    """

    def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield the images that match `query`, in its order, in pages.

        Yields one page or more; only the final one has ``last`` set. Together they have at most
        `query.limit` images. Pages are made on demand, so that memory does not grow with the list.
        Raises Forbidden, Invalid, MarkerNotFound or MarkerNotVisible before the first page.
        """
        ...

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return one image by id. Raises ImageNotFound; `image_id` may be any text."""
        ...

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Apply `changes` atomically and return the image as it is afterwards.

        Only keys that `changes` names change: concurrent writers of other keys lose nothing.
        Raises, and checks in this order: ImageNotFound (or not visible), PropertyNotFound (a key of
        `changes.remove`), PropertyLimitExceeded, Forbidden (another project's image, or a key that
        starts with ``os_glance``), Invalid (the store refuses a value). A change of a public image
        to what it is already is allowed to every caller who may modify images of its own.
        """
        ...

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Delete one image. Raises ImageNotFound, Forbidden (also if it is protected), Conflict."""
        ...

    async def base_attributes(self, caller: Caller) -> frozenset[str]:
        """The keys of an image document that are attributes; all others are properties."""
        ...

    async def close(self) -> None:
        """Complete acknowledged writes, then close files and connections."""
        ...
