"""ImageService: the interface through which the Compute API reads and changes images."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol

from glimpse.images.caller import Caller
from glimpse.images.image import Image
from glimpse.images.property_changes import PropertyChanges
from glimpse.images.query import ImageQuery, Page

# Returns an image that the caller may get, as `ImageService.get_image` does.
ReadImage = Callable[[Caller, str], Awaitable[Image]]


class ImageService(Protocol):
    """Reads and changes images for a caller. `glance` and `embedded` implement it.

    A caller can see public images, the images of its project, images that other projects share with
    it and, by id, community images. An admin can see all images. `images.role_permissions` has the
    roles that each action needs. Any method may raise NotAuthenticated, Unavailable or
    InvalidResponse of `images.errors`.
    """

    def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield the images that match `query` and that `caller` can see, in the query's order.

        Community images of other projects are among them only if `query.visibility` is "community"
        or "all". Yields at least one page; a page may be empty. Only the last page has ``is_last``
        set. All pages together have at most `query.limit` images. Memory does not grow with the
        list: the generator keeps no reference to a page that it has yielded, because a slow client
        may take long to receive it. Before the first page, raises Forbidden (without the
        permission to list images), Invalid, MarkerNotFound or MarkerNotVisible.
        """
        ...

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return the image with this id, which may be any text.

        Raises ImageNotFound if no image has this id, or if the caller cannot see it.
        """
        ...

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Apply `changes` atomically and return the image as it is afterwards.

        Changes that other clients make to other keys at the same time are kept. The image is not
        changed if an error is raised. The first that applies is raised: ImageNotFound,
        PropertyNotFound (for a key of `changes.remove`), PropertyLimitExceeded, Forbidden (without
        the role, for another project's image unless `caller` is an admin, or for a key that starts
        with ``os_glance``), Invalid (for a value that cannot be stored). `changes` that leave
        another project's public image as it is are no error, if the caller has the role to change
        images.
        """
        ...

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Delete an image and its data.

        Raises ImageNotFound if the caller cannot see it; Forbidden if it may not delete it, and for
        a protected image; Conflict if it is in use.
        """
        ...

    async def base_attributes(self, caller: Caller) -> frozenset[str]:
        """Return the keys of an image document that are attributes: all others are properties.

        They may depend on the deployment: a gateway fetches them with the token of `caller`, and
        waits for the first fetch only. Raises nothing.
        """
        ...

    async def close(self) -> None:
        """Close files and connections. Call it when all calls of the other methods have ended."""
        ...
