"""ImageImports: stages data, starts imports, and shows their tasks to callers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glimpse.embedded import image_permissions
from glimpse.embedded.background_jobs import LimitedJobs
from glimpse.embedded.catalog import Catalog, Record
from glimpse.embedded.image_locations import STORE_ID
from glimpse.embedded.imports import image_states
from glimpse.embedded.imports.import_flow import ImportFlow
from glimpse.embedded.imports.import_records import ImportRecords
from glimpse.embedded.imports.staged_uploads import StagedUploads
from glimpse.embedded.imports.web_download import UrlRefused, WebDownloads
from glimpse.embedded.tasks import Task, new_task
from glimpse.embedded.uncancelled_writes import complete
from glimpse.embedded.upload_locks import UploadLock
from glimpse.embedded.uploads import Uploads
from glimpse.images import Action, Caller, Image, Permissions
from glimpse.images.errors import Conflict, ImageNotFound, ImageServiceError, Invalid

_MAX_STORE = 100  # characters: no store has a longer name


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A request for an import: ``POST /v2/images/{image_id}/import``.

    `method` is ``glance-direct`` or ``web-download``. `url` is the URL of a web-download.
    `document` is the body of the request as JSON. `store_header` is the value of the header
    X-Image-Meta-Store; None without that header. `request_id` is the id of the HTTP request.
    """

    method: str
    url: str | None
    store_header: str | None
    document: Mapping[str, Any]
    request_id: str

    @property
    def stores(self) -> Sequence[str]:
        """The names of the stores to import to; STORE_ID, the only store, if none is named.

        If ``all_stores`` in `document` is true, the result is STORE_ID, too. Otherwise the names
        are those of ``stores`` in `document`, or the name in `store_header`. They need not exist. A
        name in ``stores`` is converted to text, and cut after 100 characters. Raises Invalid if
        stores are given in more than one of these ways, or if ``stores`` is not a list of at least
        one name.
        """
        document, header = self.document, self.store_header
        if document.get("all_stores"):
            if "stores" in document or header is not None:
                raise Invalid(
                    "All_stores parameter can't be used with x-image-meta-store header or stores "
                    "parameter"
                )
            return (STORE_ID,)
        if "stores" not in document:
            return (STORE_ID if header is None else header,)
        if header is not None:
            raise Invalid("Stores parameter and x-image-meta-store header can't be both specified")
        stores = document["stores"]
        if not isinstance(stores, list) or not stores:
            raise Invalid("'stores' has to be a list with the name of a store.")
        return tuple(str(store)[:_MAX_STORE] for store in stores)


class ImageImports:
    """Stages data for images, and imports data into images; checks permissions.

    Imports run in the background; call `recover` at the start and `close` at the end. `methods` are
    the import methods that the operator has enabled: `start` does not check them. An `image_id` may
    be in upper or lower case. Any method may raise Unavailable, and StorageFull if a method writes.
    """

    def __init__(
        self,
        catalog: Catalog,
        uploads: Uploads,
        staged_uploads: StagedUploads,
        records: ImportRecords,
        downloads: WebDownloads,
        flow: ImportFlow,
        jobs: LimitedJobs,
        methods: Sequence[str],
        permissions: Permissions,
    ) -> None:
        self.methods = methods
        self._catalog = catalog
        self._uploads = uploads
        self._staged_uploads = staged_uploads
        self._records = records
        self._downloads = downloads
        self._flow = flow
        self._jobs = jobs
        self._permissions = permissions

    async def stage(
        self,
        caller: Caller,
        image_id: str,
        chunks: AsyncIterator[bytes],
        size: int | None = None,
    ) -> None:
        """Stage data for a queued image: store it, so that `start` can import it later.

        The status of the image becomes uploading. `size` is the length of the data in bytes, for
        the check of the quota; None if it is unknown.

        If an error or a cancellation ends the call, no data is left and the image is queued again.
        But the image stays uploading without data until its next upload or the next start of
        Glimpse if the disk cannot be written, or if the task is cancelled just when the image
        becomes uploading. A cancellation just when the data is complete may leave the data staged.

        Raises these errors:

        - ImageNotFound if there is no such image or `caller` may not see it.
        - Forbidden if `caller` may not modify the image.
        - Conflict if the image is not queued, or is being given data by another request.
        - QuotaExceeded if the project's quotas do not allow the data.
        - DataTooLarge, StorageFull or Unavailable if the data cannot be stored.
        - What `chunks` raises.
        """
        image = (await self._get(caller, image_id)).image
        await self._staged_uploads.stage(
            image.id,
            caller.project_id,
            lambda record: self._require_editable(caller, record),
            chunks,
            size,
        )

    async def start(self, caller: Caller, image_id: str, request: ImportRequest) -> Task:
        """Start an import in the background, and return its task, which is pending.

        The task claims the image: no other task may give it data. The image's status does not
        change yet. Raises these errors, and then stores no task:

        - ImageNotFound if there is no such image or `caller` may not see it.
        - Forbidden if `caller` may not modify the image.
        - Conflict if the image has the wrong status, no disk format or no container format. The
          right status is uploading for ``glance-direct``, and queued for other methods.
        - Conflict if another import or upload gives the image data, or if a store is unknown.
        - Invalid if nothing may be downloaded from the URL, or if `request.stores` raises Invalid.
        - QuotaExceeded if the project has more stored data than `image_size_total` allows.
        - Unavailable if too many imports are waiting, or after `close`.
        """
        record = await self._get(caller, image_id)
        image_states.check_importable(record.image, request.method)
        image_states.claimed(self._require_editable(caller, record), "", "")
        for store in request.stores:
            if store != STORE_ID:
                raise Conflict(f"Store for identifier {store} not found")
        if request.method == "web-download":
            await self._check_url(request.url)
        with self._jobs.reserve_job(caller.project_id):
            return await self._claim_and_start(caller, record.image.id, request)

    async def _claim_and_start(self, caller: Caller, image_id: str, request: ImportRequest) -> Task:
        """Lock the image, claim it for a new task, start the task's import, and return the task.

        Call this method in a block of `LimitedJobs.reserve_job`. One transaction stores the task
        and the claim. Raises the errors that `start` lists; then no task is stored and the lock is
        released.

        A cancellation during the write has no effect: the import starts all the same. A second
        cancellation raises CancelledError and abandons the lock. If the task was stored, the next
        process then begins the import.
        """
        task = self._new_task(caller, image_id, request)
        lock = await self._uploads.acquire(image_id)
        try:
            await complete(
                self._catalog.update_with_task(
                    image_id,
                    caller.project_id,
                    lambda record: self._claim(caller, record, request.method, task),
                    task,
                    lambda usage: self._uploads.quotas.check_import(caller.project_id, usage),
                )
            )
        except ImageServiceError:
            lock.release()
            raise
        except BaseException:  # cancelled twice: the claim may be written all the same
            lock.abandon()
            raise
        self._flow.start(task, lock)
        return task

    def _claim(self, caller: Caller, record: Record, method: str, task: Task) -> Image:
        """Return the record's image, claimed: only `task` may give the image data.

        Raises ImageNotFound or Forbidden if `caller` may not modify the image. Raises Conflict if
        the image cannot be imported by `method`, or if another task has claimed the image.
        """
        image = self._require_editable(caller, record)
        image_states.check_importable(image, method)
        return image_states.claimed(image, task.id, task.created_at)

    def _new_task(self, caller: Caller, image_id: str, request: ImportRequest) -> Task:
        """Return a new pending task for the import that `caller` requests; do not store it."""
        content = {
            "image_id": image_id,
            "import_req": request.document,
            "backend": list(request.stores),
        }
        now = self._records.clock()
        return new_task(caller, "api_image_import", content, image_id, request.request_id, now)

    async def _check_url(self, url: str | None) -> None:
        """Raise Invalid if data may not be downloaded from `url`, or if `url` is None.

        Looks up the host of the URL. The message says why, but does not have the URL.
        """
        try:
            await self._downloads.check(url or "")
        except UrlRefused as error:
            raise Invalid(f"URI for web-download does not pass filtering: {error}") from None

    async def tasks_of_image(self, caller: Caller, image_id: str) -> Sequence[Task]:
        """Return the tasks of an image that have not expired, the oldest first.

        An admin gets the tasks of all projects, another caller only those of its own project. Tasks
        that are not among the 100 newest of the image are left out. Raises ImageNotFound if there
        is no such image or `caller` may not see it.
        """
        record = await self._get(caller, image_id)
        now = self._records.clock()
        return [
            task
            for task in await self._catalog.tasks_of_image(record.image.id)
            if (caller.is_admin or task.owner == caller.project_id)
            and (task.expires_at is None or task.expires_at > now)
        ]

    async def _get(self, caller: Caller, image_id: str) -> Record:
        """Return the record of an image.

        Raises ImageNotFound if there is no such image or `caller` may not see it.
        """
        record = await self._catalog.get(image_id.lower(), caller.project_id)
        if record is None:
            raise ImageNotFound(image_id)
        image_permissions.require_visible(caller, record, self._permissions)
        return record

    def _require_editable(self, caller: Caller, record: Record) -> Image:
        return image_permissions.require_editable(
            caller, record, self._permissions, Action.MODIFY_IMAGE
        )

    async def recover(self, resume_other: Callable[[UploadLock], Awaitable[bool]]) -> None:
        """Resume or undo the uploads, imports and deletions that an ended process left unfinished.

        A pending import is started. `resume_other` gets the upload lock of each other image that
        the process left. If `resume_other` returns True, it continues the work on the image, and
        has to release the lock. If it returns False, the image's incomplete data is removed, its
        unfinished import ends with failure, and the lock is released.

        Raises OSError, Unavailable or StorageFull if the disk cannot be read or written, and what
        `resume_other` raises. The images that are left then stay locked until this process ends.
        """

        async def resume(lock: UploadLock) -> bool:
            return await self._flow.resume(lock) or await resume_other(lock)

        await self._uploads.recovery.recover(resume)

    async def wait_until_idle(self) -> None:
        """Return when no import runs or waits. Also waits for imports that start meanwhile."""
        await self._jobs.wait_until_idle()

    async def close(self) -> None:
        """Cancel the running and the waiting imports, and return when all have stopped.

        The data that an import has stored until then is removed, and its task becomes pending. The
        next process begins these imports again. But an import that is just making its image active
        still succeeds. Afterwards, `start` raises Unavailable.
        """
        await self._jobs.close()
