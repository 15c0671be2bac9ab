"""TaskAdmin: lists, shows and creates tasks for admins."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from glimpse.embedded import image_changes
from glimpse.embedded.background_jobs import LimitedJobs
from glimpse.embedded.catalog import Catalog
from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.imports import image_states
from glimpse.embedded.imports.import_flow import ImportFlow
from glimpse.embedded.imports.import_records import ImportRecords
from glimpse.embedded.imports.web_download import UrlRefused, WebDownloads
from glimpse.embedded.tasks import Task, TaskQuery, new_task
from glimpse.embedded.upload_locks import UploadLock
from glimpse.embedded.uploads import Uploads
from glimpse.images import Action, Caller, Image, Permissions
from glimpse.images.errors import Conflict, Invalid, NotFound


class TaskNotFound(NotFound):
    """No task has this id, or the task has expired."""


class TaskAdmin:
    """Lists, shows and creates tasks. Any method may raise Unavailable. Nobody deletes a task.

    Methods with a `caller` raise Forbidden if the caller has no permission tasks_api_access, which
    by default only admins have.
    """

    def __init__(
        self,
        catalog: Catalog,
        uploads: Uploads,
        records: ImportRecords,
        downloads: WebDownloads,
        flow: ImportFlow,
        jobs: LimitedJobs,
        permissions: Permissions,
    ) -> None:
        self._catalog = catalog
        self._uploads = uploads
        self._records = records
        self._downloads = downloads
        self._flow = flow
        self._jobs = jobs
        self._permissions = permissions

    def check_access(self, caller: Caller) -> None:
        """Raise Forbidden if the caller has no permission tasks_api_access."""
        self._permissions.check(caller, Action.TASKS_API_ACCESS)

    async def list_tasks(self, caller: Caller, query: TaskQuery) -> Sequence[Task]:
        """Return the page that `query` selects of the tasks of all projects.

        Expired tasks are left out. Raises Forbidden if the caller may not use tasks. Raises
        MarkerNotFound if no task has the id `query.marker`.
        """
        self.check_access(caller)
        return await self._catalog.list_tasks(query, self._records.clock())

    async def get_task(self, caller: Caller, task_id: str) -> Task:
        """Return the task with this id, whatever project owns the task.

        Raises Forbidden if the caller may not use tasks. Raises TaskNotFound if no task has the id,
        or if the task has expired.
        """
        self.check_access(caller)
        task = await self._catalog.get_task(task_id)
        if task is None or (task.expires_at or "9999") <= self._records.clock():
            raise TaskNotFound(f"Could not find task {task_id}")
        return task

    async def check_url(self, url: str) -> None:
        """Raise Invalid if data may not be downloaded from `url`.

        Looks up the host of the URL. The message says why, but does not have the URL.
        """
        try:
            await self._downloads.check(url)
        except UrlRefused as error:
            raise Invalid(f"URI for legacy import task does not pass filtering: {error}") from None

    async def create_failed(
        self, caller: Caller, kind: str, content: Mapping[str, Any], request_id: str, reason: str
    ) -> Task:
        """Store a new task in status failure, but return the task as it is in status pending.

        As in Glance, the client sees the failure only when it reads the task again. `reason` is the
        task's message, `kind` its type, and `content` its input. Raises Forbidden if the caller may
        not use tasks.
        """
        self.check_access(caller)
        now = self._records.clock()
        task = new_task(caller, kind, content, None, request_id, now)
        await self._catalog.put_task(task.fail(reason, now))
        return task

    async def create_import(
        self,
        caller: Caller,
        new: NewImage,
        content: Mapping[str, Any],
        request_id: str,
        check: Callable[[Image], None],
    ) -> Task:
        """Create an image, start to download its data in the background, and return the task.

        The data is downloaded from the URL ``import_from`` in `content`; call `check_url` before.
        `check` gets the new image before anything is stored. The quota of the number of images is
        not checked. If the download fails later, the image is deleted. Raises these errors:

        - Forbidden if the caller may not use tasks or may not create the image.
        - Invalid if a text has a lone surrogate or a NUL character, or if the properties have more
          than 1,000,000 characters as JSON.
        - Conflict if an image with the id `new.id` exists, or is just being created.
        - What `check` raises.
        - Unavailable if too many imports are waiting, or after `ImageImports.close`.
        - Unavailable or StorageFull if the disk cannot be written.

        After a failed or cancelled write, a pending task may be left. The next process begins its
        import if the image was stored, and ends the task with failure otherwise.
        """
        self.check_access(caller)
        now = self._records.clock()
        image = image_changes.new_image(caller, new, self._permissions, now=now)
        check(image)
        task = new_task(caller, "import", content, image.id, request_id, now)
        with self._jobs.reserve_job(caller.project_id):
            lock = await self._lock_new_image(image.id)
            try:
                await self._catalog.put_task(task)
                await self._catalog.insert(image_states.claimed(image, task.id, now))
            except BaseException:
                lock.abandon()  # the next process then finds what was written
                raise
            self._flow.start(task, lock)
        return task

    async def _lock_new_image(self, image_id: str) -> UploadLock:
        """Return the upload lock of an image that does not exist yet.

        The caller has to release or abandon the lock. Raises Conflict if the image exists, or if
        another request holds the lock. Raises Unavailable or StorageFull if the disk cannot be read
        or written.
        """
        lock = await self._uploads.acquire(image_id)
        try:
            record = await self._catalog.get(image_id, None)
        except BaseException:
            lock.release()
            raise
        if record is not None:
            lock.release()
            raise Conflict(f"Image ID {image_id} already exists!")
        return lock
