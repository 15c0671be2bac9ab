"""Render tasks as JSON documents of the Image API. Pure."""

from collections.abc import Sequence
from typing import Any

import orjson

from glimpse.embedded.tasks import Task
from glimpse.image_api.list_links import list_link
from glimpse.image_api.request_parsing import Pairs

_PATH = "/v2/tasks"


def task_document(task: Task) -> bytes:
    """Return the document of ``GET /v2/tasks/{id}``, with input, result and message.

    An attribute of `_optional_attributes` is left out if it has no value.
    """
    return orjson.dumps(
        {
            "id": task.id,
            "input": orjson.Fragment(task.input_json),
            "type": task.type,
            "status": task.status,
            "owner": task.owner,
            "message": task.message,
            "result": orjson.Fragment(task.result_json),
            "created_at": task.created_at,
            "updated_at": task.updated_at,
            **_links(task),
            **_optional_attributes(task),
        }
    )


def page_document(tasks: Sequence[Task], limit: int, query: Pairs) -> bytes:
    """Return the document of ``GET /v2/tasks``: `tasks` without input, result and message.

    `query` has the request's parameters. The links to the first and the next page repeat all of
    them except ``marker``, each with its last value. The link to the next page has the id of the
    last task as ``marker``. That link is missing if there are no tasks, or fewer than `limit`. As
    in Glance, the next page may turn out to be empty.
    """
    parameters = {key: value for key, value in query if key != "marker"}
    document: dict[str, Any] = {
        "tasks": [
            {
                "id": task.id,
                "type": task.type,
                "status": task.status,
                "owner": task.owner,
                "created_at": task.created_at,
                "updated_at": task.updated_at,
                **_links(task),
                **({"expires_at": task.expires_at} if task.expires_at else {}),
            }
            for task in tasks
        ],
        "first": list_link(_PATH, parameters),
        "schema": "/v2/schemas/tasks",
    }
    if tasks and len(tasks) == limit:
        document["next"] = list_link(_PATH, {**parameters, "marker": tasks[-1].id})
    return orjson.dumps(document)


def image_tasks_document(tasks: Sequence[Task]) -> bytes:
    """Return the document of ``GET /v2/images/{id}/tasks``.

    As in Glance, a task has the columns of Glance's database. Dates have a fraction of a second and
    no time zone: ``2024-02-01T10:20:30.000000``.
    """
    return orjson.dumps(
        {
            "tasks": [
                {
                    "id": task.id,
                    "type": task.type,
                    "status": task.status,
                    "owner": task.owner,
                    "expires_at": _date(task.expires_at),
                    "created_at": _date(task.created_at),
                    "updated_at": _date(task.updated_at),
                    "deleted_at": None,
                    "deleted": False,
                    "image_id": task.image_id,
                    "request_id": task.request_id,
                    "user_id": task.user_id,
                    "input": orjson.Fragment(task.input_json),
                    "result": orjson.Fragment(task.result_json),
                    "message": task.message,
                }
                for task in tasks
            ]
        }
    )


def _optional_attributes(task: Task) -> dict[str, str]:
    """Return ``image_id``, ``request_id``, ``user_id``, ``expires_at``, if they have values.

    A task of type import has no ``image_id``; if the task has succeeded, its result has the id.
    """
    image_id = task.image_id if task.type != "import" else None
    values = {
        "image_id": image_id,
        "request_id": task.request_id,
        "user_id": task.user_id,
        "expires_at": task.expires_at,
    }
    return {key: value for key, value in values.items() if value}


def _links(task: Task) -> dict[str, str]:
    return {"self": f"/v2/tasks/{task.id}", "schema": "/v2/schemas/task"}


def _date(date: str | None) -> str | None:
    """Return a date in the format of Glance's rows: ``2024-02-01T10:20:30.000000``.

    `date` is like ``2024-02-01T10:20:30Z``. Returns None for None.
    """
    return f"{date.removesuffix('Z')}.000000" if date else None
