"""ImportFlow: runs the imports of a process in the background."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator

from glimpse.embedded.background_jobs import LimitedJobs
from glimpse.embedded.catalog import Catalog, Change, UsageCheck
from glimpse.embedded.directory_store import DirectoryStore
from glimpse.embedded.imports import image_states
from glimpse.embedded.imports.errors import ImportFailed
from glimpse.embedded.imports.import_records import ImportRecords, import_method
from glimpse.embedded.imports.web_download import WebDownloads
from glimpse.embedded.tasks import Task
from glimpse.embedded.upload_locks import UploadLock
from glimpse.embedded.uploads import Uploads
from glimpse.images import Image
from glimpse.images.errors import ImageServiceError, ServiceError
from glimpse.telemetry.request_context import current_context

_log = logging.getLogger(__name__)
_CHECK_SECONDS = 1.0  # between two checks that the image of a running import still exists
_RETRY_SECONDS = 5.0  # between two attempts to write the end of a failed import


class ImportFlow:
    """Gives images their data, and ends the tasks of imports with success or failure.

    A task has claimed its image before `start`: no other task may give the image data. Every import
    also holds the upload lock of its image.

    If the process stops, its imports become pending, and the next process begins them again. If the
    process is killed, the upload locks of its imports are left as abandoned. By these locks, the
    next process finds the images. Pending imports begin again, and imports that were running end
    with failure.
    """

    def __init__(
        self,
        catalog: Catalog,
        uploads: Uploads,
        staging: DirectoryStore,
        records: ImportRecords,
        downloads: WebDownloads,
        jobs: LimitedJobs,
        size_cap: int,
    ) -> None:
        self._catalog = catalog
        self._uploads = uploads
        self._staging = staging
        self._records = records
        self._downloads = downloads
        self._jobs = jobs
        self._size_cap = size_cap

    def start(self, task: Task, lock: UploadLock) -> None:
        """Run the import of a pending task, which has claimed its image, in the background.

        `lock` is the upload lock of the image. At the end of the import, `lock` is released. If
        staged data could not be removed or the process stops, `lock` is abandoned. After the jobs
        were closed, no import starts, and `lock` is abandoned at once.
        """
        self._jobs.start(
            task.owner,
            self._run(task),
            lambda is_clean: lock.release() if is_clean else lock.abandon(),
        )

    async def resume(self, lock: UploadLock) -> bool:
        """Start the pending import of the image that `lock` locks, and return True.

        Returns False if the image has no unfinished task, several, or one that is not pending. The
        caller then still has to release `lock`. Otherwise `lock` is released or abandoned at the
        end of the import, as by `start`. Raises Unavailable if the catalog cannot be read.
        """
        tasks = await self._catalog.tasks_of_image(lock.image_id)
        unfinished = [task for task in tasks if not task.is_finished]
        if [task.status for task in unfinished] != ["pending"]:
            return False
        self.start(unfinished[0], lock)
        return True

    async def _run(self, task: Task) -> bool:
        """Wait until the limits let the import run, run it, and return what `_import` returns.

        If the job is cancelled before the task has ended, makes the task pending and raises
        CancelledError. The next process then begins the import again. If the task cannot be
        written, it stays as it is; if its import had begun, the next process ends it with failure.
        """
        try:
            async with self._jobs.places.place(task.owner):
                return await self._import(task)
        except asyncio.CancelledError:
            with contextlib.suppress(ImageServiceError):
                await self._records.hand_over(task)
            raise

    async def _import(self, task: Task) -> bool:
        """Import the data, and end the task with success or failure. Log the end.

        Returns False if the import succeeded but staged data could not be removed; otherwise True.
        No error is raised, only CancelledError. If the end of a failed import cannot be written to
        the disk, tries again every five seconds.
        """
        try:
            begun, image = await self._records.begin(task)
            await self._store(begun, image)
        except Exception as error:  # noqa: BLE001  no import may stay unfinished
            await self._fail(task, error)
            return True
        with contextlib.suppress(ServiceError):
            await self._staging.delete(image.id)
        _log.info("image %s: task %s has imported its data", image.id, task.id)
        return not self._staging.has(image.id)

    async def _store(self, task: Task, image: Image) -> None:
        """Store the image's data. In one write, the image becomes active and the task succeeds.

        Raises ImportFailed if the data cannot be read or the image is deleted. Raises Conflict if
        the task does not claim the image any more. Raises QuotaExceeded, DataTooLarge,
        InvalidImageData, StorageFull or Unavailable if the data cannot be stored. Raises OSError if
        the certificate authorities for https cannot be loaded. After an error, no data is left, and
        neither the image's status nor the task has changed.
        """
        now = self._records.clock

        async def save(
            image_id: str, project_id: str | None, change: Change, check_usage: UsageCheck
        ) -> Image:
            return await self._catalog.update_with_task(
                image_id,
                project_id,
                lambda record: image_states.succeeded(change(record), now()),
                task.succeed(now()),
                check_usage,
            )

        async with (
            contextlib.aclosing(_held(self._source(task, image))) as source,
            contextlib.aclosing(self._while_claimed(task, image, source)) as chunks,
        ):
            await self._uploads.store_data(
                image.id,
                task.owner,
                lambda record: image_states.require_claimed(record.image, task.id),
                chunks,
                save,
            )

    def _source(self, task: Task, image: Image) -> AsyncGenerator[bytes, None]:
        """Return the data to import: the staged data, or the data at the URL of the task.

        No data is read before iteration. The caller closes the generator.
        """
        if import_method(task) == "glance-direct":
            return self._read_staged(image)
        given = task.input
        url = (
            given["import_req"]["method"]["uri"] if "import_req" in given else given["import_from"]
        )
        return self._downloads.download(url, self._size_cap)

    async def _read_staged(self, image: Image) -> AsyncGenerator[bytes, None]:
        """Yield the staged data.

        Raises ImportFailed if there is no staged data; Unavailable if reading fails.
        """
        data = self._staging.find_data(image.id, image.size or 0, None)
        if data is None:
            raise ImportFailed("the staged data is missing")
        async with contextlib.aclosing(await data.read()) as pieces:
            async for piece in pieces:
                yield piece

    async def _while_claimed(
        self, task: Task, image: Image, chunks: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes, None]:
        """Yield `chunks` as long as the image exists and is claimed by the task.

        Checks this about once a second, even if no chunk arrives. Raises ImportFailed if the image
        was deleted, Conflict if the task does not claim the image any more, Unavailable if the
        catalog cannot be read, and what `chunks` raises. Does not close `chunks`.
        """
        checked = time.monotonic()
        reading = asyncio.create_task(_next(chunks))
        try:
            while True:
                await asyncio.wait((reading,), timeout=_CHECK_SECONDS)
                if reading.done():
                    chunk = reading.result()
                    if chunk is None:
                        return
                    yield chunk
                    reading = asyncio.create_task(_next(chunks))
                if time.monotonic() - checked >= _CHECK_SECONDS:
                    checked = time.monotonic()
                    await self._check_claim(task, image)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _check_claim(self, task: Task, image: Image) -> None:
        """Raise Conflict if the task does not claim the image any more.

        Raises ImportFailed if the image was deleted, and Unavailable if the catalog cannot be read.
        """
        record = await self._catalog.get(image.id, None)
        if record is None:
            raise ImportFailed("the image was deleted")
        image_states.require_claimed(record.image, task.id)

    async def _fail(self, task: Task, error: Exception) -> None:
        """Log `error`, and end the task with failure.

        If the task still claims the image, the image's data and staged data are removed, and the
        image becomes queued. An image that the task created is deleted instead. If the task does
        not claim the image any more, the image stays as it is.

        The owner of the task sees the message of ImportFailed and of errors of the image service.
        Any other error is logged with its traceback, and the owner sees only that there was an
        internal error. If the catalog or the files cannot be written, tries again every five
        seconds, without end.
        """
        if isinstance(error, (ImportFailed, ImageServiceError)):
            message = str(error)
            _log.warning("image %s: task %s failed: %s", task.image_id, task.id, message)
        else:
            message = "Task failed due to Internal Error"
            _log.error("image %s: task %s failed", task.image_id, task.id, exc_info=error)
        while True:
            try:
                return await self._records.end_failed(task, message)
            except ServiceError:
                await asyncio.sleep(_RETRY_SECONDS)


async def _held(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield `chunks` after waiting for the hook ``hold_data``, by which tests delay an import.

    The hook is an async function in the context of the request that started the import; without it,
    nothing is waited for. `chunks` is closed at the end.
    """
    hold = current_context.get().hold_data
    if hold is not None:
        await hold()
    async with contextlib.aclosing(chunks):
        async for chunk in chunks:
            yield chunk


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    """Return the next of `chunks`; None after the last one."""
    return await anext(chunks, None)
