"""Handlers of tasks, which only admins may use by default, and of the schemas of tasks.

Each handler, except those of schemas, raises Forbidden if the caller may not use tasks. It also
raises the errors of the `TaskAdmin` method that the handler calls.
"""

from functools import partial
from typing import Any

import orjson
from starlette.responses import Response

from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.tasks import Task
from glimpse.http.request_scope import base_url_of
from glimpse.image_api.faults import MethodNotAllowed
from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.import_requests import parse_new_task
from glimpse.image_api.request_parsing import json_body, query_pairs
from glimpse.image_api.responses import json_response
from glimpse.image_api.task_documents import page_document, task_document
from glimpse.image_api.task_query import parse_task_query
from glimpse.image_api.task_schema import TASK_SCHEMA, TASKS_SCHEMA
from glimpse.image_api.validation import check_limits, parse_new_image
from glimpse.images.errors import ImageServiceError, Invalid, Unavailable
from glimpse.telemetry.request_context import current_context

_IMPORT_FIELDS = ("import_from", "import_from_format", "image_properties")
# As in Glance, for ``image_properties`` of {}.
_DEFAULT_PROPERTIES = {"disk_format": "qcow2", "container_format": "bare"}


async def list_tasks(request: ImageRequest) -> Response:
    """``GET /v2/tasks``: a page of the tasks of all projects, by default the newest first.

    Expired tasks are left out. Without ``limit``, a page has at most 25 tasks. Raises Forbidden if
    the caller may not use tasks, Invalid if the query is not valid, and MarkerNotFound if no task
    has the marker as its id. Raises Unavailable if the catalog cannot be read.
    """
    request.service.tasks.check_access(request.caller)
    pairs = query_pairs(request.http.scope["query_string"])
    query = parse_task_query(pairs)
    tasks = await request.service.tasks.list_tasks(request.caller, query)
    return json_response(page_document(tasks, query.limit, pairs))


async def show_task(request: ImageRequest) -> Response:
    """``GET /v2/tasks/{task_id}``: a task with its input and result.

    Raises Forbidden if the caller may not use tasks. Raises TaskNotFound if no task has the id, or
    if the task has expired. Raises Unavailable if the catalog cannot be read.
    """
    task_id = request.http.path_params["task_id"]
    return json_response(
        task_document(await request.service.tasks.get_task(request.caller, task_id))
    )


async def create_task(request: ImageRequest) -> Response:
    """``POST /v2/tasks``: 201; a task of type import creates an image from the data at a URL.

    Returns the document of the task, in status pending. A task of another type is created, too, but
    fails at once. A task whose image cannot be created also fails at once. If the download fails
    later, the task fails, and the image is deleted. Raises these errors:

    - Forbidden if the caller may not use tasks.
    - RequestTooLarge, TooManyBodies or ClientDisconnect if `json_body` cannot read the body.
    - Invalid for a malformed body, or a URL from which nothing may be downloaded.
    - Unavailable if the catalog cannot be written, or if too many imports are waiting.
    """
    tasks = request.service.tasks
    tasks.check_access(request.caller)
    kind, content = parse_new_task(await json_body(request.http))
    if kind == "import":
        await tasks.check_url(_source(content))
    task = await _create(request, kind, content)
    location = f"{base_url_of(request.http.scope)}/v2/tasks/{task.id}"
    return json_response(task_document(task), status=201, headers={"Location": location})


def _source(content: dict[str, Any]) -> str:
    """Return the URL to import from; `content` is the input of a task.

    Raises Invalid if the URL is missing, not text, or begins with ``file:///`` or
    ``filesystem:///``.
    """
    url = content.get("import_from")
    if not url or not isinstance(url, str):
        raise Invalid("Invalid location: 'import_from' has to be a URL.")
    if url.startswith(("file:///", "filesystem:///")):
        raise Invalid(
            "File based imports are not allowed. Please use a non-local source of image data."
        )
    return url


async def _create(request: ImageRequest, kind: str, content: dict[str, Any]) -> Task:
    """Create a task; return it in status pending, even if the task has failed already.

    `kind` is the task's type, and `content` its input, whose URL the caller has checked. A task of
    type import starts its import in the background. The task fails at once if its type is not
    import, or if its image cannot be created. As in Glance, the returned task does not show the
    failure yet. Raises Forbidden if the caller may not use tasks. Raises Unavailable if the catalog
    cannot be written, or if too many imports are waiting.
    """
    tasks, request_id = request.service.tasks, current_context.get().request_id
    try:
        new = _parse_import(request, kind, content)
        check = partial(check_limits, quotas=request.service.image_quotas)
        return await tasks.create_import(request.caller, new, content, request_id, check)
    except Unavailable:
        raise
    except ImageServiceError as error:
        return await tasks.create_failed(request.caller, kind, content, request_id, str(error))


def _parse_import(request: ImageRequest, kind: str, content: dict[str, Any]) -> NewImage:
    """Return the image that a task of type import creates; `content` is the task's input.

    If the input's ``image_properties`` are {}, the image gets _DEFAULT_PROPERTIES. Raises an
    ImageServiceError, whose message becomes that of the failed task, in these cases:

    - The type `kind` is not import.
    - A field in _IMPORT_FIELDS is missing from the input.
    - The image's properties name an id, are not allowed, or exceed a quota.
    - The image has no disk format or no container format.
    """
    if kind != "import":
        is_empty = f"Input to {kind} task is empty."
        raise Invalid("Task was aborted externally" if content else is_empty)
    for field in _IMPORT_FIELDS:
        if field not in content:
            raise Invalid(f"Input does not contain '{field}' field")
    properties = content["image_properties"]
    if isinstance(properties, dict) and "id" in properties:
        raise Invalid("The id of an image that a task creates cannot be given.")
    given = _DEFAULT_PROPERTIES if properties == {} else properties
    new = parse_new_image(request.caller, given, request.service.image_formats)
    check_limits(new, request.service.image_quotas)
    for name in ("disk_format", "container_format"):
        if not getattr(new, name):
            raise Invalid(f"{name} must be set prior to saving data.")
    return new


async def delete_task(request: ImageRequest) -> Response:
    """``DELETE /v2/tasks/{task_id}``: always an error, as in Glance. Tasks expire instead.

    Raises Forbidden if the caller may not use tasks, otherwise MethodNotAllowed (405).
    """
    request.service.tasks.check_access(request.caller)
    raise MethodNotAllowed("GET")


async def task_schema(_request: ImageRequest) -> Response:
    """``GET /v2/schemas/task``: the JSON schema of a task."""
    return json_response(orjson.dumps(TASK_SCHEMA))


async def tasks_schema(_request: ImageRequest) -> Response:
    """``GET /v2/schemas/tasks``: the JSON schema of a list of tasks."""
    return json_response(orjson.dumps(TASKS_SCHEMA))
