"""ImageLocations: where image data is, as a Glance with one store of files shows it."""

from collections.abc import Sequence
from typing import NoReturn

from glimpse.embedded.catalog import Catalog
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.image_permissions import is_editable, require_visible
from glimpse.images import Action, Caller, Image, Permissions
from glimpse.images.errors import Conflict, Forbidden, ImageNotFound

STORE_ID = "store"  # of the only store that clients see
_WITH_DATA = ("active", "deactivated")


class ImageLocations:
    """Shows where the data of images is; checks permissions. All changes raise errors.

    No location can be added: Glance allows that only with a store of type http, which does not
    exist here. No location can be removed: an image has only one, and Glance does not remove the
    last location. An `image_id` may be in upper or lower case. Any method may raise Unavailable.
    """

    def __init__(self, catalog: Catalog, store: DirectoryStore, permissions: Permissions) -> None:
        self._catalog = catalog
        self._store = store
        self._permissions = permissions

    async def list(self, caller: Caller, image_id: str) -> Sequence[str]:
        """Return a list with the ``file://`` URL of an image's data.

        The list is empty if the image is neither active nor deactivated. Whether the file exists is
        not checked. Raises ImageNotFound if there is no such image or `caller` may not see it.
        Raises Forbidden if `caller` may not see locations: by default, only admins and callers with
        the role service may.
        """
        image = await self._visible_image(caller, image_id)
        self._permissions.check(caller, Action.FETCH_IMAGE_LOCATION, image)
        file = self._store.directory.absolute() / image.id
        return [f"file://{file}"] if image.status in _WITH_DATA else []

    async def reject_new(self, caller: Caller, image_id: str) -> NoReturn:
        """Raise the error that a client gets for adding a location to an image. Changes nothing.

        Raises ImageNotFound if there is no such image or `caller` may not see it. Raises Conflict
        if the image is not queued. Otherwise raises Forbidden.
        """
        image = await self._visible_image(caller, image_id)
        if image.status != "queued":
            raise Conflict(f"It's not allowed to add locations if image status is {image.status}.")
        self._permissions.check(caller, Action.ADD_IMAGE_LOCATION, image)
        if not is_editable(caller, image):
            action = Action.ADD_IMAGE_LOCATION
            raise Forbidden(f"You are not authorized to complete {action} action.")
        raise Forbidden("http store must be enabled to use location API by normal user.")

    async def reject_removal(self, caller: Caller, image_id: str, store_id: str) -> NoReturn:
        """Raise the error that a client gets for removing an image's data from a store.

        Changes nothing. Raises the first of these errors that applies:

        - Conflict if `store_id` is not the only store, STORE_ID.
        - ImageNotFound if there is no such image or `caller` may not see it.
        - Forbidden if `caller` may not remove locations: by default, only admins may.
        - Conflict if the image is not active.
        - Forbidden in all other cases.
        """
        if store_id != STORE_ID:
            raise Conflict(f"Store '{store_id}' is not configured.")
        image = await self._visible_image(caller, image_id)
        action = Action.DELETE_IMAGE_LOCATION
        self._permissions.check(caller, action, image)
        if not is_editable(caller, image):
            raise Forbidden(f"You are not authorized to complete {action} action.")
        if image.status != "active":
            raise Conflict(f"Data cannot be removed from a store if the image is {image.status}.")
        raise Forbidden("The data is in this store only. Delete the image instead.")

    async def _visible_image(self, caller: Caller, image_id: str) -> Image:
        """Return the image with this id. Raises ImageNotFound if the caller sees no such image."""
        record = await self._catalog.get(image_id.lower(), caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        return require_visible(caller, record, self._permissions)
