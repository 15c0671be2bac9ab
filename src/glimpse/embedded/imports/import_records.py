"""ImportRecords: changes the image and the task of an import together, and removes its files."""

from collections.abc import Callable

from glimpse.embedded.catalog import Catalog
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.image_locations import STORE_ID
from glimpse.embedded.imports import image_states
from glimpse.embedded.tasks import Task
from glimpse.images import Image
from glimpse.images.errors import Conflict, ImageNotFound


def import_method(task: Task) -> str:
    """Return the method of a task's import: glance-direct or web-download."""
    request = task.input.get("import_req")
    return request["method"]["name"] if request is not None else "web-download"


class ImportRecords:
    """Writes the states of an import to the catalog. The caller holds the image's upload lock.

    `staging` has the staged data of images, `store` their data. Any method may raise Unavailable.
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
        """Begin the import: the image becomes importing, the task processing. Return both.

        Raises ImageNotFound, or Conflict if the image is not claimed by the task.
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
        """Let another process begin the import again: image and task are as before `begin`.

        Raises ImageNotFound, or Conflict if the image is not claimed by the task.
        """
        now = self.clock()
        status = "uploading" if import_method(task) == "glance-direct" else "queued"
        await self._catalog.update_with_task(
            _image_id(task),
            None,
            lambda record: image_states.paused(record.image, task.id, status, now),
            task.hand_over(now),
        )

    async def fail(self, task: Task, message: str, *, keeps_staged_data: bool = False) -> None:
        """End the import: remove its data, and then let the task fail with `message`.

        The image is queued again. With `keeps_staged_data`, an image with staged data gets the
        status uploading instead. The image that a task of type import has made is deleted. Raises
        StorageFull if files cannot be removed.
        """
        image_id, now = _image_id(task), self.clock()
        failed = task.fail(message, now)
        await self._store.delete(image_id)
        is_kept = keeps_staged_data and self._staging.has(image_id)
        status = "uploading" if is_kept else "queued"
        try:
            if task.type == "import":
                await self._catalog.delete(
                    image_id, None, lambda record: _require_claim(record.image, task)
                )
                await self._catalog.put_task(failed)
            else:
                await self._catalog.update_with_task(
                    image_id,
                    None,
                    lambda record: image_states.failed(
                        record.image, task.id, STORE_ID, status, now
                    ),
                    failed,
                )
        except (ImageNotFound, Conflict):
            await self._catalog.put_task(failed)
        if not is_kept:
            await self._staging.delete(image_id)

    async def clean_up_interrupted(self, image_id: str) -> None:
        """End the import that a process left when it ended, and remove incomplete staged data.

        Complete staged data is kept, so that it can be imported again. Data of the image must have
        been removed already. Raises StorageFull if files cannot be removed.
        """
        await self._staging.delete_unfinished(image_id)
        for task in await self._catalog.tasks_of_image(image_id):
            if not task.is_finished:
                message = "The import was interrupted, because a process of the server ended."
                await self.fail(task, message, keeps_staged_data=True)
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
    """Return the id of the task's image."""
    return task.image_id or ""


def _require_claim(image: Image, task: Task) -> None:
    image_states.require_claimed(image, task.id)
