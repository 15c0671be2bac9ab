"""The JSON schemas of a task and of a list of tasks."""

from typing import Any

from glimpse.embedded.tasks import TASK_STATUSES, TASK_TYPES
from glimpse.image_api.image_schema import UUID_PATTERN


def _text(description: str, **rest: Any) -> dict[str, Any]:
    return {"description": description, "type": "string", **rest}


TASK_PROPERTIES: dict[str, dict[str, Any]] = {
    "id": _text("An identifier for the task", pattern=UUID_PATTERN),
    "type": _text("What the task does", enum=list(TASK_TYPES)),
    "status": _text("The current status of the task", enum=list(TASK_STATUSES)),
    "input": {"description": "What was requested", "type": ["null", "object"]},
    "result": {"description": "What the task has made", "type": ["null", "object"]},
    "owner": _text("The project of the user who requested the task"),
    "message": _text("A text for users, mostly the reason of a failure"),
    "image_id": _text("The image that the task changes"),
    "request_id": _text("The id of the request that started the task"),
    "user_id": _text("The user who requested the task"),
    "expires_at": {"description": "When the task will be removed", "type": ["null", "string"]},
    "created_at": _text("When the task was created"),
    "updated_at": _text("When the task was last changed"),
    "self": {"readOnly": True, "type": "string"},
    "schema": {"readOnly": True, "type": "string"},
}

TASK_SCHEMA: dict[str, Any] = {"name": "task", "properties": TASK_PROPERTIES}

_HIDDEN_IN_LISTS = ("input", "result", "message")
TASKS_SCHEMA: dict[str, Any] = {
    "name": "tasks",
    "properties": {
        "tasks": {
            "type": "array",
            "items": {
                "name": "task",
                "properties": {
                    key: value
                    for key, value in TASK_PROPERTIES.items()
                    if key not in _HIDDEN_IN_LISTS
                },
            },
        },
        "schema": {"type": "string"},
    },
    "links": [{"rel": "describedby", "href": "{schema}"}],
}
