"""The states of an image during an import: its status and the properties that show progress. Pure.

The properties are those of Glance, for clients that wait for an import. Nobody can write them,
because their keys are reserved.
"""

import orjson

from glimpse.embedded.image_changes import with_status
from glimpse.images import Image
from glimpse.images.errors import Conflict

# The id of the task that imports data; it is missing when none does.
TASK_KEY = "os_glance_import_task"
IMPORTING_KEY = "os_glance_importing_to_stores"
FAILED_KEY = "os_glance_failed_import"


def check_importable(image: Image, method: str) -> None:
    """Raise Conflict unless the image can get data by this method, as Glance checks it."""
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
    """Return the image with `task_id` as the only task that may give it data.

    Raises Conflict if another task may.
    """
    if TASK_KEY in image.properties:
        raise Conflict("Image has active task")
    return _with_properties(image, now, {TASK_KEY: task_id})


def require_claimed(image: Image, task_id: str) -> Image:
    """Return the image. Raises Conflict unless the task may give it data."""
    if image.properties.get(TASK_KEY) != task_id:
        raise Conflict(f"Image {image.id} is no longer imported by task {task_id}.")
    return image


def staged(image: Image, size: int, now: str) -> Image:
    """Return an image in status uploading whose staged data is complete, and has `size` bytes.

    Raises Conflict if it is in another status.
    """
    return with_status(image, "uploading", expected=("uploading",), now=now)._replace(size=size)


def is_staged(image: Image) -> bool:
    """Return True if the image's staged data is complete."""
    return image.status == "uploading" and image.size is not None


def unstaged(image: Image, now: str) -> Image:
    """Return an image whose data could not be staged: queued again. Others stay as they are."""
    if image.status != "uploading" or image.size is not None:
        return image
    return image._replace(status="queued", updated_at=now)


def begun(image: Image, task_id: str, store_id: str, now: str) -> Image:
    """Return the image in status importing.

    Raises Conflict if it is not claimed by the task, or its status is neither queued nor uploading.
    """
    require_claimed(image, task_id)
    started = with_status(image, "importing", expected=("queued", "uploading"), now=now)
    return _with_properties(started, now, {IMPORTING_KEY: store_id, FAILED_KEY: ""})


def paused(image: Image, task_id: str, status: str, now: str) -> Image:
    """Return the image as it was before `begun`, still claimed by the task. Raises Conflict."""
    require_claimed(image, task_id)
    before = image._replace(status=status) if image.status == "importing" else image
    return _with_properties(before, now, {IMPORTING_KEY: ""})


def succeeded(image: Image, now: str) -> Image:
    """Return the image, whose data is stored, claimed by no task."""
    return _with_properties(image, now, {TASK_KEY: None, IMPORTING_KEY: "", FAILED_KEY: ""})


def failed(image: Image, task_id: str, store_id: str, status: str, now: str) -> Image:
    """Return the image after its import failed, claimed by no task.

    An image that had data staged, or whose import had begun, gets `status`: uploading if its staged
    data is kept, or queued. An image that the task has not claimed stays as it is.
    """
    if image.properties.get(TASK_KEY) != task_id:
        return image
    if image.status in ("importing", "uploading"):
        image = image._replace(status=status)
    if image.status == "queued":
        image = image._replace(size=None)
    return _with_properties(image, now, {TASK_KEY: None, IMPORTING_KEY: "", FAILED_KEY: store_id})


def _with_properties(image: Image, now: str, changes: dict[str, str | None]) -> Image:
    """Return the image with these properties, without those that are None, changed `now`."""
    properties = {**image.properties, **changes}
    kept = {key: value for key, value in properties.items() if changes.get(key, "") is not None}
    return image._replace(properties_json=orjson.dumps(kept).decode(), updated_at=now)
