"""The states of an image during an import: its status and some of its properties. Pure.

The properties are those of Glance. Clients that wait for an import read the properties, but cannot
write them, because the keys are reserved. A task *claims* an image: no other task may then give it
data. In each function, `now` becomes the ``updated_at`` of the image.
"""

import orjson

from glimpse.embedded.image_changes import with_status
from glimpse.images import Image
from glimpse.images.errors import Conflict

# The property that has the id of the task that has claimed the image; missing if no task has.
TASK_KEY = "os_glance_import_task"
IMPORTING_KEY = "os_glance_importing_to_stores"
FAILED_KEY = "os_glance_failed_import"


def check_importable(image: Image, method: str) -> None:
    """Raise Conflict if the image cannot get data by this import method, as in Glance.

    The image must be in status uploading for ``glance-direct``, and queued for other methods. The
    image must have a disk format and a container format.
    """
    if image.status == "active":
        raise Conflict("Image with status active cannot be target for import")
    if method == "glance-direct" and image.status != "uploading":
        raise Conflict("Image needs to be staged before 'glance-direct' method can be used")
    if method != "glance-direct" and image.status != "queued":
        raise Conflict(f"Image needs to be in 'queued' state to use '{method}' method")
    for name in ("container_format", "disk_format"):
        if not getattr(image, name):
            raise Conflict(f"'{name}' needs to be set before import")


def claimed(image: Image, task_id: str, now: str) -> Image:
    """Return the image, claimed by the task, with `now` as its ``updated_at``.

    No other task may then give the image data. Raises Conflict if a task, even the same one, has
    claimed the image already.
    """
    if TASK_KEY in image.properties:
        raise Conflict("Image has active task")
    return _with_properties(image, now, {TASK_KEY: task_id})


def is_claimed(image: Image, task_id: str) -> bool:
    """Return True if the task has claimed the image."""
    return image.properties.get(TASK_KEY) == task_id


def require_claimed(image: Image, task_id: str) -> Image:
    """Return the image. Raises Conflict if the task has not claimed the image."""
    if not is_claimed(image, task_id):
        raise Conflict(f"Image {image.id} is no longer imported by task {task_id}.")
    return image


def staged(image: Image, size: int, now: str) -> Image:
    """Return the image in status uploading with complete staged data of `size` bytes.

    The size of an image in status uploading is None until its staged data is complete. `now`
    becomes ``updated_at``. Raises Conflict if the image is not in status uploading.
    """
    return with_status(image, "uploading", expected=("uploading",), now=now)._replace(size=size)


def is_staged(image: Image) -> bool:
    """Return True if the image is in status uploading, and its staged data is complete."""
    return image.status == "uploading" and image.size is not None


def unstaged(image: Image, now: str) -> Image:
    """Return the image in status queued, because its data could not be staged.

    `now` becomes ``updated_at``. If the status is not uploading, or the staged data is complete,
    returns the image unchanged.
    """
    if image.status != "uploading" or image.size is not None:
        return image
    return image._replace(status="queued", updated_at=now)


def begun(image: Image, task_id: str, store_id: str, now: str) -> Image:
    """Return the image in status importing, with `store_id` in its property IMPORTING_KEY.

    The property FAILED_KEY becomes an empty text. `now` becomes ``updated_at``. Raises Conflict if
    the task has not claimed the image, or if the image is neither queued nor uploading.
    """
    require_claimed(image, task_id)
    started = with_status(image, "importing", expected=("queued", "uploading"), now=now)
    return _with_properties(started, now, {IMPORTING_KEY: store_id, FAILED_KEY: ""})


def handed_over(image: Image, task_id: str, next_status: str, now: str) -> Image:
    """Return the image, still claimed by the task, for another process to begin the import.

    The status is `next_status` if it was importing; otherwise the image keeps its status. The
    property IMPORTING_KEY becomes an empty text, and `now` becomes ``updated_at``. Raises Conflict
    if the task has not claimed the image.
    """
    require_claimed(image, task_id)
    before = image._replace(status=next_status) if image.status == "importing" else image
    return _with_properties(before, now, {IMPORTING_KEY: ""})


def succeeded(image: Image, now: str) -> Image:
    """Return the image after its import succeeded. No task claims the image any more.

    The status does not change: an image whose data is stored is active already. The properties
    IMPORTING_KEY and FAILED_KEY become empty texts, and `now` becomes ``updated_at``.
    """
    return _with_properties(image, now, {TASK_KEY: None, IMPORTING_KEY: "", FAILED_KEY: ""})


def failed(image: Image, task_id: str, store_id: str, next_status: str, now: str) -> Image:
    """Return the image after its import failed. No task claims the image any more.

    If the image is importing or uploading, its status becomes `next_status`: "uploading" if its
    staged data is kept, otherwise "queued". If the new status is "queued", the size becomes None.
    The property IMPORTING_KEY becomes an empty text, FAILED_KEY becomes `store_id`, and `now`
    becomes ``updated_at``. If the task has not claimed the image, returns the image unchanged.
    """
    if not is_claimed(image, task_id):
        return image
    if image.status in ("importing", "uploading"):
        image = image._replace(status=next_status)
    if image.status == "queued":
        image = image._replace(size=None)
    return _with_properties(image, now, {TASK_KEY: None, IMPORTING_KEY: "", FAILED_KEY: store_id})


def _with_properties(image: Image, now: str, changes: dict[str, str | None]) -> Image:
    """Return the image with `changes` applied to its properties, and `now` as ``updated_at``.

    A property whose new value is None is removed.
    """
    properties = {**image.properties, **changes}
    kept = {key: value for key, value in properties.items() if changes.get(key, "") is not None}
    return image._replace(properties_json=orjson.dumps(kept).decode(), updated_at=now)
