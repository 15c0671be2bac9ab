"""EmbeddedImageService: an ImageService that keeps images itself, on the local disk.

It also has what only the Image API needs, such as the creation of images.
"""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path

from glimpse.embedded import image_changes, image_permissions
from glimpse.embedded.catalog import Catalog, Members
from glimpse.embedded.data_access import DataAccess
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

    ``members`` shares images with other projects, ``data`` uploads and downloads their data,
    ``locations`` shows where it is, ``imports`` gives them data in the background, and ``tasks``
    shows all imports to admins. ``snapshots`` has the images of snapshots for the embedded servers.
    ``image_quotas`` are the limits of each image, ``image_formats`` the formats that it may have;
    callers of the methods check both.

    An `image_id` may be in upper or lower case (RFC 9562, section 4). Any method may raise
    Unavailable.
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

        Without `permissions`, Glance's default policy is used. `clock` returns the current time as
        an image's date. Uploads that a crash interrupted stay until `recover`. Raises
        UnusableCatalog if the catalog cannot be opened, and OSError if a directory cannot be
        created, or a file's mode set.
        """
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(
            SQLiteCatalog.open(state_dir / CATALOG_FILE),
            DirectoryStore(state_dir / "data", options.image_size_cap),
            DirectoryStore(state_dir / "staging", options.image_size_cap),
            UploadLocks(state_dir / "uploads"),
            options,
            permissions,
            clock,
        )

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
        """Connect the parts. `open` describes `permissions` and `clock`."""
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
            records.clean_up_interrupted,
            clock,
        )
        self._clock = clock
        self._project_quotas, self.image_quotas = options.project_quotas, options.image_quotas
        self.image_formats = options.image_formats
        self.members = ImageMembers(catalog, self.permissions, options.image_quotas, clock)
        self.locations = ImageLocations(catalog, store, self.permissions)
        self.snapshots = SnapshotData(catalog, self._uploads, clock)
        self.data = DataAccess(catalog, store, self._uploads, self.permissions)
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
        """Yield the images that match `query` and that `caller` can see, in the query's order.

        Owner, visibility, memberships and policy rules decide what it can see. Community images of
        other projects are listed only if `query.visibility` is "community" or "all", killed and
        deleted images never. There are at most `query.limit` images in all; a page may be empty,
        and only the last has ``is_last`` set. Before the first page, raises Forbidden without the
        permission to list images, MarkerNotFound if no image has the id `query.marker`, and
        MarkerNotVisible if `caller` may not see that image.
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
        """Return the image with this id.

        Raises MarkerNotFound if there is none, MarkerNotVisible if `caller` may not see it.
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
        """Return the image with this id. Raises ImageNotFound, also if `caller` may not see it."""
        record = await self._catalog.get(image_id.lower(), caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        return image_permissions.require_visible(caller, record, self.permissions)

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Apply `changes` atomically and return the image as it is afterwards.

        The first error that applies is raised, and nothing has changed then: ImageNotFound;
        PropertyNotFound for a missing key of `changes.remove`; PropertyLimitExceeded; Forbidden for
        a reserved key, without the permission, or for another project's image unless `caller` is an
        admin or the changes leave a public image as it is; Invalid for text that cannot be stored,
        and for properties that grow beyond 1,000,000 characters.
        """
        return await self._catalog.update(
            image_id.lower(),
            caller.project_id,
            lambda record: image_changes.with_properties(
                caller, record, changes, self.permissions, now=self._clock()
            ),
        )

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Delete an image's record and its data. A running upload of the image then fails.

        If the data cannot be removed, `recover` removes it. Raises ImageNotFound; Forbidden without
        the permission, for another project's image unless `caller` is an admin, and for a protected
        image.
        """
        image = await self.get_image(caller, image_id)
        await self._uploads.delete(
            image.id,
            caller.project_id,
            lambda record: image_permissions.require_deletable(caller, record, self.permissions),
        )

    async def base_attributes(self, caller: Caller) -> frozenset[str]:  # noqa: ARG002  the port's
        """Return the keys of an image document that are attributes, which is a constant here."""
        return BASE_ATTRIBUTES

    async def create_image(
        self, caller: Caller, new: NewImage, check: Callable[[Image], None] | None = None
    ) -> Image:
        """Store and return a new image without data, in status queued.

        Raises Forbidden for an owner, a visibility or a reserved property that `caller` may not
        give it; Invalid for text that cannot be stored, and for properties that are too large; then
        what `check` raises; Conflict if its id is taken; QuotaExceeded if the caller's project has
        too many images. `image_changes.new_image` has the details.
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
        """Read an image, and store and return what `update` returns for it, atomically.

        ``updated_at`` becomes the current time. `update` must keep the id and have no side effects;
        it may run in another thread. The caller needs the permission for `action`, and has to own
        the image or be an admin. Raises ImageNotFound, Forbidden or Invalid (see
        `image_changes.apply_update`), and what `update` raises; then nothing changes.
        """
        return await self._catalog.update(
            image_id.lower(),
            caller.project_id,
            lambda record: image_changes.apply_update(
                caller, record, update, self.permissions, action, now=self._clock()
            ),
        )

    async def usage(self, caller: Caller) -> dict[str, dict[str, int]]:
        """Return the usage and the limit of each quota of the caller's project, by its name.

        Returns {} if no quota is configured.
        """
        return self._project_quotas.report(await self._catalog.usage(caller.project_id))

    async def put(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Store images with their members, all or none.

        They replace images with the same ids, and the members of those. Neither permissions nor
        values are checked. An image is not found unless its id is a UUID in lower case and its
        dates are as Glimpse writes them. Raises ValueError for an id or a date that cannot be
        parsed.
        """
        await self._catalog.put(records)

    async def recover(
        self, resume_snapshot: Callable[[UploadLock], Awaitable[bool]] = _resume_nothing
    ) -> None:
        """Undo the uploads, and finish the deletions, that a process left when it ended.

        Imports that had not begun begin now; others are undone. `resume_snapshot` gets the lock of
        each other image. It returns True if it goes on with a snapshot, and then has to release the
        lock itself; otherwise the image's data is removed.
        Call this when a process starts. Uploads, imports and snapshots that other processes are
        running are not affected. Raises OSError, Unavailable or StorageFull if the disk cannot be
        read or written.
        """
        await self.imports.recover(resume_snapshot)

    def catalog_problem(self) -> str | None:
        """Return why the catalog could not be read in the last minute; None if it could."""
        return self._catalog.problem()

    async def close(self) -> None:
        """Hand imports over to the next process, finish writes, then close the catalog's file."""
        await self.imports.close()
        await self._catalog.close()
