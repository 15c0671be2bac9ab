"""Tasks: the records of imports, for the users and admins who follow an import. Pure.

A catalog stores tasks; the package `imports` changes them.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import orjson

from glimpse.images import Caller
from glimpse.images.errors import Invalid

TaskStatus = Literal["pending", "processing", "success", "failure"]
TASK_TYPES = ("import", "api_image_import", "location_import")
TASK_STATUSES = ("pending", "processing", "success", "failure")
UNFINISHED = ("pending", "processing")
MAX_TASKS = 1000  # finished tasks of a project; if there are more, the oldest are removed
# From the end of an import to the task's expiry, as in Glance. The catalog removes expired tasks.
_TIME_TO_LIVE = timedelta(hours=48)


class Task(NamedTuple):
    """The record of an import. Dates are in UTC: ``2024-02-01T10:20:30Z``.

    `type` is one of TASK_TYPES, and `status` one of TASK_STATUSES. `image_id` is the image that
    gets the data; None if the task failed before an image was made. `input_json` has what the
    client requested. `result_json` is ``null`` until the import has succeeded. `message` tells the
    owner why the import failed; otherwise it is empty. `expires_at` is None until the import has
    ended, and then the time 48 hours after the end. Users no longer see an expired task.
    """

    id: str
    type: str
    status: str
    owner: str | None
    image_id: str | None
    user_id: str | None
    request_id: str | None
    input_json: str
    result_json: str
    message: str
    expires_at: str | None
    created_at: str
    updated_at: str

    @property
    def input(self) -> dict[str, Any]:
        """What the client requested, parsed from `input_json`. Each access parses the text."""
        parsed: dict[str, Any] = orjson.loads(self.input_json)
        return parsed

    @property
    def is_finished(self) -> bool:
        """True if the import has succeeded or failed."""
        return self.status not in UNFINISHED

    def begin(self, now: str) -> "Task":
        """Return the task in status processing, with `now` as its ``updated_at``."""
        return self._replace(status="processing", updated_at=now)

    def hand_over(self, now: str) -> "Task":
        """Return the task in status pending, with `now` as its ``updated_at``.

        Another process will begin the import again.
        """
        return self._replace(status="pending", updated_at=now)

    def succeed(self, now: str) -> "Task":
        """Return the task in status success, with the id of its image as its result.

        `now` becomes ``updated_at``. The task expires 48 hours after `now`.
        """
        result = orjson.dumps({"image_id": self.image_id}).decode()
        return self._end("success", now)._replace(result_json=result)

    def fail(self, message: str, now: str) -> "Task":
        """Return the task in status failure for the reason `message`.

        `now` becomes ``updated_at``. The task expires 48 hours after `now`.
        """
        return self._end("failure", now)._replace(message=message)

    def _end(self, status: TaskStatus, now: str) -> "Task":
        expires_at = datetime.fromisoformat(now) + _TIME_TO_LIVE
        return self._replace(
            status=status, updated_at=now, expires_at=f"{expires_at:%Y-%m-%dT%H:%M:%SZ}"
        )


def new_task(
    caller: Caller,
    kind: str,
    content: Mapping[str, Any],
    image_id: str | None,
    request_id: str,
    now: str,
) -> Task:
    """Return a new task of the type `kind`, in status pending, that `caller` has requested.

    The task gets a new id, and belongs to the caller's project. `content` becomes the task's input.
    Both dates of the task are `now`.
    """
    return Task(
        id=str(uuid.uuid4()),
        type=kind,
        status="pending",
        owner=caller.project_id,
        image_id=image_id,
        user_id=caller.user_id,
        request_id=request_id,
        input_json=orjson.dumps(content).decode(),
        result_json="null",
        message="",
        expires_at=None,
        created_at=now,
        updated_at=now,
    )


# What a list of tasks can be sorted and filtered by: the columns of Glance's table.
SORT_KEYS = (
    *("id", "type", "status", "owner", "image_id", "user_id", "request_id", "expires_at"),
    *("created_at", "updated_at"),
)


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """Selects a page of a list of tasks. The list never has expired tasks.

    A task is listed if its values equal all values in `filters`. Keys of `filters` that are not in
    SORT_KEYS are ignored. Tasks are sorted by `sort_key`; None comes before every text. Tasks with
    equal values are in the order in which they were added. `is_descending` reverses both orders.
    The page starts after the task with the id `marker`, and has at most `limit` tasks. The
    constructor raises Invalid if `sort_key` is not in SORT_KEYS.
    """

    limit: int
    marker: str | None = None
    sort_key: str = "created_at"
    is_descending: bool = True
    filters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sort_key not in SORT_KEYS:
            raise Invalid("Sort key supplied was not valid.")
