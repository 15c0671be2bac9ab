"""ImportRecords: writes the image and the task of an import together, and removes files."""

from collections.abc import Callable

from glimpse.embedded.catalog import Catalog
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.image_locations import STORE_ID
from glimpse.embedded.imports import image_states
from glimpse.embedded.tasks import Task
from glimpse.images import Image
from glimpse.images.errors import Conflict, ImageNotFound


def import_method(task: Task) -> str:
    """Return the import method of a task: ``glance-direct`` or ``web-download``.

    A task of the type ``import`` names no method: it is a web-download.
    """
    request = task.input.get("import_req")
    return request["method"]["name"] if request is not None else "web-download"


class ImportRecords:
    """Writes the states of an import to the catalog.

    The task of an import has claimed the image: no other task may give the image data. The caller
    must also hold the upload lock of the image. `store` has the data of images, and `staging` the
    data that waits to be imported. `clock` returns the current time in UTC as
    ``2024-02-01T10:20:30Z``. Any method may raise Unavailable.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: DirectoryStore,
        staging: DirectoryStore,
        clock: Callable[[], str],
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._staging = staging
        self.clock = clock

    async def begin(self, task: Task) -> tuple[Task, Image]:
        """Begin the import; return the changed task and image.

        In one transaction, the task becomes processing, and the image becomes importing. Properties
        of the image name the store, as in Glance. Raises ImageNotFound if the image was deleted.
        Raises Conflict if the task has not claimed the image, or if the image is neither queued nor
        uploading.
        """
        now = self.clock()
        begun = task.begin(now)
        image = await self._catalog.update_with_task(
            _image_id(task),
            None,
            lambda record: image_states.begun(record.image, task.id, STORE_ID, now),
            begun,
        )
        return begun, image

    async def hand_over(self, task: Task) -> None:
        """Make the task pending, and undo `begin`, so that another process can begin the import.

        The task still claims the image. Also works if the import has not begun. Raises
        ImageNotFound if the image was deleted. Raises Conflict if the task has not claimed the
        image.
        """
        now = self.clock()
        status = "uploading" if import_method(task) == "glance-direct" else "queued"
        await self._catalog.update_with_task(
            _image_id(task),
            None,
            lambda record: image_states.handed_over(record.image, task.id, status, now),
            task.hand_over(now),
        )

    async def end_failed(
        self, task: Task, message: str, *, keeps_staged_data: bool = False
    ) -> None:
        """End an import that failed: remove the image's data, and end the task with `message`.

        What becomes of the image, if the task has claimed it:

        - If the task created the image (type ``import``), the image is deleted.
        - If `keeps_staged_data` is True and there is staged data, the image becomes uploading, and
          the staged data is kept.
        - Otherwise the image becomes queued, and its staged data is removed.

        If the task has not claimed the image, the image stays as it is. Its staged data is removed,
        unless the image is uploading or `keeps_staged_data` is True. Raises StorageFull if files
        cannot be removed.
        """
        image_id = _image_id(task)
        record = await self._catalog.get(image_id, None)
        is_claimed = record is None or image_states.is_claimed(record.image, task.id)
        is_uploading = record is not None and record.image.status == "uploading"
        if is_claimed:
            await self._store.delete(image_id)
        is_kept = keeps_staged_data and self._staging.has(image_id)
        failed = task.fail(message, self.clock())
        await self._write_failed(failed, "uploading" if is_kept else "queued")
        if not is_kept and (is_claimed or not is_uploading):
            await self._staging.delete(image_id)

    async def _write_failed(self, task: Task, next_status: str) -> None:
        """Store a failed task. If the task has claimed its image, set the image to `next_status`.

        An image that the task created (type ``import``) is deleted instead. If the task has not
        claimed the image, or the image was deleted already, only the task is stored.
        """
        image_id, now = _image_id(task), task.updated_at
        try:
            if task.type == "import":
                await self._catalog.delete(
                    image_id, None, lambda record: _require_claim(record.image, task)
                )
                await self._catalog.put_task(task)
            else:
                await self._catalog.update_with_task(
                    image_id,
                    None,
                    lambda record: image_states.failed(
                        record.image, task.id, STORE_ID, next_status, now
                    ),
                    task,
                )
        except (ImageNotFound, Conflict):
            await self._catalog.put_task(task)

    async def clean_up_interrupted_import(self, image_id: str) -> None:
        """End an import with failure, or undo a staging, that an ended process left unfinished.

        The caller must have removed the image's data. Complete staged data is kept, and the image
        is then uploading, so that the data can be imported again. Incomplete staged data is
        removed. If an unfinished import or staging has no complete staged data, its image becomes
        queued. But an image that the import's task created is deleted. If the image does not exist,
        its staged data is removed. Raises StorageFull if files cannot be removed.
        """
        await self._staging.delete_unfinished(image_id)
        for task in await self._catalog.tasks_of_image(image_id):
            if not task.is_finished:
                message = "The import was interrupted, because a process of the server ended."
                await self.end_failed(task, message, keeps_staged_data=True)
        record = await self._catalog.get(image_id, None)
        if record is not None and image_states.is_staged(record.image):
            return
        await self._staging.delete(image_id)
        if record is not None and record.image.status == "uploading":
            now = self.clock()
            await self._catalog.update(
                image_id, None, lambda record: image_states.unstaged(record.image, now)
            )


def _image_id(task: Task) -> str:
    """Return the id of the task's image; "", which no image has, if the task has no image."""
    return task.image_id or ""


def _require_claim(image: Image, task: Task) -> None:
    image_states.require_claimed(image, task.id)
