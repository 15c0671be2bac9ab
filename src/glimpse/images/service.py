"""ImageService: the port (interface) through which `compute` reads and changes images."""

from collections.abc import AsyncGenerator
from typing import Protocol

from glimpse.images.caller import Caller
from glimpse.images.changes import PropertyChanges
from glimpse.images.image import Image
from glimpse.images.query import ImageQuery, Page


class ImageService(Protocol):
    """Images, with the caller's permissions applied. Implemented by `glance` and `embedded`.

    A caller can see public images, images of its project, images that its project has accepted as
    a member, and, by id, community images; an admin can see all images. `images.permissions` has
    the roles that each action needs. A caller without permission to get an image receives
    ImageNotFound, one without permission to list or to write Forbidden. Any method may raise
    NotAuthenticated, Unavailable or InvalidResponse of `images.errors`.
    """

    def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield the images that match `query`, in its order, in pages.

        Yields at least one page; only the last one has ``is_last`` set. All pages together have at
        most `query.limit` images. A page is read when it is requested, so that memory does not grow
        with the list. Raises Forbidden, Invalid, MarkerNotFound or MarkerNotVisible before the
        first page.
        """
        ...

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return one image by id. Raises ImageNotFound; `image_id` may be any text."""
        ...

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Apply `changes` atomically and return the image as it is afterwards.

        Only the keys in `changes` change: changes that other clients make to other keys at the
        same time are kept. Raises the first of: ImageNotFound (also for an image that the caller
        cannot see), PropertyNotFound (for a key of `changes.remove`), PropertyLimitExceeded,
        Forbidden (for another project's image, or a key that starts with ``os_glance``), Invalid
        (for a value that cannot be stored). If `changes` leave a public image as it is, the
        permission to modify images of one's own is enough.
        """
        ...

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Delete one image. Raises ImageNotFound, Forbidden (also if it is protected), Conflict."""
        ...

    async def base_attributes(self, caller: Caller) -> frozenset[str]:
        """Return the keys of an image document that are attributes; all others are properties."""
        ...

    async def close(self) -> None:
        """Complete acknowledged writes, then close files and connections."""
        ...
