"""EmbeddedImageService: an ImageService that keeps images itself, on the local disk.

Some methods are not in ImageService, because only the Image API needs them: `create_image`, for
example.
"""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path

from glimpse.embedded import image_changes, image_permissions
from glimpse.embedded.catalog import Catalog, Members
from glimpse.embedded.data_transfers import DataTransfers
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.image_locations import ImageLocations
from glimpse.embedded.image_members import ImageMembers
from glimpse.embedded.imports.composition import make_imports
from glimpse.embedded.imports.import_records import ImportRecords
from glimpse.embedded.options import EmbeddedOptions
from glimpse.embedded.snapshot_data import SnapshotData
from glimpse.embedded.sqlite.catalog import SQLiteCatalog
from glimpse.embedded.sqlite.schema import CATALOG_FILE
from glimpse.embedded.upload_locks import UploadLock, UploadLocks
from glimpse.embedded.uploads import Uploads
from glimpse.images import (
    BASE_ATTRIBUTES,
    Action,
    Caller,
    Image,
    ImageQuery,
    Page,
    Permissions,
    PropertyChanges,
    filter_pages,
)
from glimpse.images.errors import ImageNotFound, MarkerNotFound, MarkerNotVisible


async def _resume_nothing(_: UploadLock) -> bool:
    return False


class EmbeddedImageService:
    """Keeps image records in a catalog and image data in a store; checks permissions.

    Make one with `open`, then call `recover`; call `close` at the end. An `image_id` may be in
    upper or lower case (RFC 9562, section 4). Methods that read or write may raise Unavailable.

    ``members`` shares images with other projects. ``data`` uploads and downloads image data.
    ``locations`` shows where image data is. ``imports`` gives images data in the background, and
    ``tasks`` shows all imports to admins. ``snapshots`` changes the images of snapshots.
    ``image_formats`` has the formats that an image may have. ``image_quotas`` has the most
    properties, tags and members. `create_image` and `update_image` do not check these.
    """

    @classmethod
    def open(
        cls,
        state_dir: Path,
        *,
        options: EmbeddedOptions,
        permissions: Permissions | None = None,
        clock: Callable[[], str] = image_changes.current_time,
    ) -> "EmbeddedImageService":
        """Open the catalog and the data in `state_dir`; create them first if necessary.

        If `permissions` is None, Glance's default policy applies. `clock` returns the current time
        in UTC as ``2024-02-01T10:20:30Z``. Call `recover` to undo uploads that a crash interrupted.
        Raises UnusableCatalog if the catalog cannot be opened. Raises OSError if a directory cannot
        be created, or if the mode of a file cannot be set.
        """
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        store, staging = (
            DirectoryStore(state_dir / name, options.image_size_cap) for name in ("data", "staging")
        )
        locks = UploadLocks(state_dir / "uploads")
        # Last, because an error of the steps above would leave the catalog open
        catalog = SQLiteCatalog.open(state_dir / CATALOG_FILE)
        return cls(catalog, store, staging, locks, options, permissions, clock)

    def __init__(
        self,
        catalog: Catalog,
        store: DirectoryStore,
        staging: DirectoryStore,
        locks: UploadLocks,
        options: EmbeddedOptions,
        permissions: Permissions | None = None,
        clock: Callable[[], str] = image_changes.current_time,
    ) -> None:
        """Connect the parts. The defaults are Glance's default policy and the current UTC time."""
        self.permissions = permissions or Permissions()
        self._catalog = catalog
        records = ImportRecords(catalog, store, staging, clock)
        self._uploads = Uploads(
            catalog,
            store,
            staging,
            locks,
            options.content_rules,
            options.project_quotas,
            records.clean_up_interrupted_import,
            clock,
        )
        self._clock = clock
        self._project_quotas, self.image_quotas = options.project_quotas, options.image_quotas
        self.image_formats = options.image_formats
        self.members = ImageMembers(catalog, self.permissions, options.image_quotas, clock)
        self.locations = ImageLocations(catalog, store, self.permissions)
        self.snapshots = SnapshotData(catalog, self._uploads, clock)
        self.data = DataTransfers(catalog, store, self._uploads, self.permissions)
        self.imports, self.tasks = make_imports(
            catalog,
            self._uploads,
            staging,
            records,
            options.imports,
            options.image_size_cap,
            self.permissions,
        )

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield pages of the images that match `query` and that `caller` can see.

        The images are in the query's order; there are at most `query.limit` in all. Owner,
        visibility, memberships and policy rules decide what `caller` can see. Community images of
        other projects are listed only if `query.visibility` is "community" or "all". Killed and
        deleted images are never listed. Only the last page may be empty, and only it has
        ``is_last`` set. It has ``has_more`` set if `query.limit` left out images.

        Before the first page, raises Forbidden if `caller` may not list images; MarkerNotFound if
        no image has the id `query.marker`; and MarkerNotVisible if `caller` may not see that image.
        Close the generator if you stop before its end.
        """
        self.permissions.check(caller, Action.GET_IMAGES)
        accepts = self.permissions.list_filter(caller)
        marker = await self._marker(caller, query.marker) if query.marker is not None else None
        found = self._catalog.pages(caller, query, marker)
        async with contextlib.aclosing(filter_pages(found, accepts, query.limit)) as pages:
            with contextlib.suppress(StopAsyncIteration):
                while True:
                    yield await anext(pages)  # a variable would keep the page in memory

    async def _marker(self, caller: Caller, marker: str) -> Image:
        """Return the image with the id `marker`.

        Raises MarkerNotFound if no image has the id; MarkerNotVisible if `caller` may not see the
        image.
        """
        record = await self._catalog.get(marker.lower(), caller.project_id)
        if record is None:
            raise MarkerNotFound(marker)
        if not image_permissions.is_visible(caller, record) or not self.permissions.allows(
            caller, Action.GET_IMAGE, record.image
        ):
            raise MarkerNotVisible(marker)
        return record.image

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return the image with this id. Raises ImageNotFound if `caller` sees no such image."""
        record = await self._catalog.get(image_id.lower(), caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        return image_permissions.require_visible(caller, record, self.permissions)

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Apply `changes` in one atomic write; return the changed image.

        If no property changes, ``updated_at`` stays the same. After an error, nothing has changed.
        Raises the first of these errors that applies:

        - ImageNotFound if there is no such image or `caller` may not see it.
        - PropertyNotFound if the image lacks a key in `changes.remove`.
        - PropertyLimitExceeded if the image would have more than `changes.limit` properties.
        - Forbidden if a key is reserved, or if `caller` has no permission to modify the image.
        - Forbidden if `caller` neither owns the image nor is an admin. Not raised if the image is
          public and no property changes.
        - Invalid if a text has a lone surrogate or a NUL character, or if the properties grow and
          then have more than 1,000,000 characters as JSON.
        """
        return await self._catalog.update(
            image_id.lower(),
            caller.project_id,
            lambda record: image_changes.with_properties(
                caller, record, changes, self.permissions, now=self._clock()
            ),
        )

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Delete an image's record, and its stored and staged data. A running upload then fails.

        If the data cannot be removed, the image is still deleted, and `recover` removes the data
        later. Raises ImageNotFound if there is no such image or `caller` may not see it. Raises
        Forbidden if `caller` has no permission to delete images, if `caller` neither owns the image
        nor is an admin, or if the image is protected. After such an error, nothing is deleted.
        """
        image = await self.get_image(caller, image_id)
        await self._uploads.delete(
            image.id,
            caller.project_id,
            lambda record: image_permissions.require_deletable(caller, record, self.permissions),
        )

    async def base_attributes(self, caller: Caller) -> frozenset[str]:  # noqa: ARG002  interface
        """Return BASE_ATTRIBUTES, the keys of an image document that are not properties."""
        return BASE_ATTRIBUTES

    async def create_image(
        self, caller: Caller, new: NewImage, check: Callable[[Image], None] | None = None
    ) -> Image:
        """Store and return a new image without data, in status queued.

        `check` gets the image before it is stored. If `check` raises an error, nothing is stored.
        Raises Forbidden if `caller` may not create images, or for an owner, a visibility or a
        reserved property that `caller` may not give an image. Raises Invalid if a text has a lone
        surrogate or a NUL character, or if the properties are too large. Raises Conflict if another
        image has the id, QuotaExceeded if the caller's project has too many images, and what
        `check` raises.
        """
        image = image_changes.new_image(caller, new, self.permissions, now=self._clock())
        if check is not None:
            check(image)
        await self._catalog.insert(
            image,
            caller.project_id,
            lambda usage: self._project_quotas.check_new_image(caller.project_id, usage),
        )
        return image

    async def update_image(
        self,
        caller: Caller,
        image_id: str,
        update: Callable[[Image], Image],
        action: Action = Action.MODIFY_IMAGE,
    ) -> Image:
        """Store, and return, what `update` returns for an image, in one atomic write.

        ``updated_at`` becomes the current time. `update` must keep the id and ``created_at``, and
        have no side effects. `update` may run in another thread. Reserved keys are not checked.

        Raises ImageNotFound if there is no such image or `caller` may not see it. Raises Forbidden
        if `caller` has no permission for `action`, neither owns the image nor is an admin, or may
        not give the image its new visibility or owner. Raises Invalid if a text has a lone
        surrogate or NUL, or if the properties grow and are too large. Raises what `update` raises.
        After an error, nothing has changed.
        """
        return await self._catalog.update(
            image_id.lower(),
            caller.project_id,
            lambda record: image_changes.apply_update(
                caller, record, update, self.permissions, action, now=self._clock()
            ),
        )

    async def usage(self, caller: Caller) -> dict[str, dict[str, int]]:
        """Return the usage and the limit of each quota: ``{name: {"usage": 3, "limit": 10}}``.

        The quotas are those of the caller's project. Sizes are in MiB, and a limit of -1 is no
        limit. ``user_storage_quota`` is left out. If no other quota has a limit, returns {}.
        """
        return self._project_quotas.report(await self._catalog.usage(caller.project_id))

    async def put(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Store images with their members: all of them or none.

        Each image replaces the stored image with the same id, and also the members of that image.
        Memberships get the dates of their image. Of several `records` with the same id, the last is
        stored. Raises ValueError for an id or ``created_at`` that cannot be parsed, or a lone
        surrogate in a text. Checks nothing else. To be found, an image needs an id in lower case.
        """
        await self._catalog.put(records)

    async def recover(
        self, resume_snapshot: Callable[[UploadLock], Awaitable[bool]] = _resume_nothing
    ) -> None:
        """Undo uploads, and finish deletions, that an ended process left; call this at the start.

        An import that had not begun begins now. For any other image that the ended process had
        locked, `resume_snapshot` gets the lock. If `resume_snapshot` returns True, it continues a
        snapshot, and has to release the lock. If it returns False, the image's upload or import is
        undone, and the lock is released.

        Does not affect uploads, imports and snapshots of other processes. Raises OSError,
        Unavailable or StorageFull if the disk cannot be read or written, and what `resume_snapshot`
        raises. After an error, images not yet recovered stay locked until this process ends.
        """
        await self.imports.recover(resume_snapshot)

    def catalog_problem(self) -> str | None:
        """Return why a read of the catalog failed in the last minute; None if none failed."""
        return self._catalog.problem()

    async def close(self) -> None:
        """Stop imports, which the next process begins again; finish writes; close the catalog."""
        await self.imports.close()
        await self._catalog.close()
