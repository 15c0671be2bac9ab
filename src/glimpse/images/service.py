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
    """Reads and changes images for a caller. `glance` and `embedded` implement this port.

    A caller can see public images, the images of the caller's project, and images that other
    projects share with that project. A caller can see a community image by its id. An admin can see
    all images. `images.permissions` has the roles that each action needs. A caller without the role
    to get images sees no image: a method with an `image_id` raises ImageNotFound. Any method except
    `base_attributes` and `close` may raise NotAuthenticated, Unavailable or InvalidResponse. In a
    gateway, a refusal of Glance that a method does not list raises another ImageServiceError.
    """

    def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield pages of the images that match `query` and that `caller` can see.

        The images are in the order of `query.sort`. Community images of other projects are included
        only if `query.visibility` is "community" or "all". Yields at least one page; a page may be
        empty. Only the last page has ``is_last`` set. All pages together have at most `query.limit`
        images. The generator keeps no reference to a page that it has yielded, so memory does not
        grow with the list. Close the generator if you stop before its end.

        At any time, the generator may raise the errors that the class names. Before the first page,
        and in a gateway also later, it may raise

        - Forbidden if the caller may not list images
        - MarkerNotFound if no image has the id `query.marker`
        - MarkerNotVisible if the caller cannot see the image with this id
        - Invalid if another value in `query` is not valid
        """
        ...

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return the image with this id. The id may be any text.

        Raises ImageNotFound if no image has this id, or if the caller cannot see the image. In a
        gateway, another refusal of Glance raises another ImageServiceError, such as Forbidden.
        """
        ...

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Apply `changes` atomically, and return the changed image.

        Changes that other clients make to other keys at the same time are kept. Raises the first of
        these errors that applies, and then changes nothing:

        - ImageNotFound if no image has this id, or if the caller cannot see the image
        - PropertyNotFound if the image has no property with a key of `changes.remove`
        - PropertyLimitExceeded if the image would have more properties than `changes.limit`
        - Forbidden if the caller has no role to change images, or if a key starts with
          ``os_glance``
        - Forbidden if the caller's project does not own the image and the caller is no admin,
          unless the image is public and no property changes
        - Conflict if the state of the image does not allow the change
        - Invalid if a value cannot be stored

        After Unavailable, InvalidResponse or NotAuthenticated of a gateway, Glance may have changed
        the image, or may still change the image.
        """
        ...

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Delete an image and its data.

        Raises ImageNotFound if no image has this id, or if the caller cannot see the image. Raises
        Forbidden if the caller may not delete the image, or if the image is protected. Raises
        Conflict if the image is in use. After Unavailable, InvalidResponse or NotAuthenticated of a
        gateway, Glance may have deleted the image, or may still delete the image.
        """
        ...

    async def base_attributes(self, caller: Caller) -> frozenset[str]:
        """Return the keys of an image document that are attributes. All other keys are properties.

        The keys may depend on the deployment. A gateway fetches them with the token of `caller`,
        and waits for the first fetch only. Raises nothing: if a fetch fails, returns the last known
        keys, at first BASE_ATTRIBUTES.
        """
        ...

    async def close(self) -> None:
        """Close files and connections. All calls of the other methods must have ended before."""
        ...
