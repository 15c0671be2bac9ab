"""Parse the bodies of imports and of new tasks. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from glimpse.embedded.imports.image_imports import ImportRequest
from glimpse.image_api.task_schema import TASK_PROPERTIES
from glimpse.images.errors import Invalid

_MAX_DOCUMENT = 16 * 1024  # bytes as JSON: the catalog keeps it for two days, and lists show it
_MAX_SHOWN = 100  # characters of an unknown name in a message


def parse_import_request(
    document: object, store_header: str | None, methods: Sequence[str], request_id: str
) -> ImportRequest:
    """Return the import that the body of ``POST /v2/images/{id}/import`` requests.

    `store_header` is the value of X-Image-Meta-Store; None if the request has no such header.
    `methods` are the enabled import methods. `request_id`, the id of the HTTP request, is stored in
    the result. Raises Invalid if the body is not an import request, names a method that is not
    enabled, or has more than 16 KiB as JSON. Names of stores are not checked.
    """
    body = _require_object(document)
    if "method" not in body:
        raise Invalid("Import request requires a 'method' field.")
    method = body["method"]
    if not isinstance(method, dict):
        raise Invalid("The 'method' field of an import request has to be an object.")
    if "name" not in method:
        raise Invalid("Import request requires a 'name' field.")
    name, url = method["name"], method.get("uri")
    if name not in methods:
        raise Invalid(f"Unknown import method name '{str(name)[:_MAX_SHOWN]}'.")
    for key in ("all_stores_must_succeed", "all_stores"):
        if not isinstance(body.get(key, True), bool):
            raise Invalid(f"'{key}' must be boolean value only")
    if url is not None and not isinstance(url, str):
        raise Invalid("The 'uri' field of an import request has to be a string.")
    _check_size(body)
    return ImportRequest(name, url, store_header, body, request_id)


def parse_new_task(document: object) -> tuple[str, dict[str, Any]]:
    """Return the type and the input of the task that the body of ``POST /v2/tasks`` describes.

    If the input is null, it is returned as {}. Raises Invalid if the body is not an object, or has
    more than 16 KiB as JSON. Raises Invalid if the type or the input is missing, if an attribute is
    unknown, or if its value is not allowed.
    """
    body = _require_object({} if document == [] else document)  # as in Glance
    for key in ("type", "input"):
        if key not in body:
            raise Invalid(f"Task '{key}' is required")
    for key, value in body.items():
        if key not in TASK_PROPERTIES:
            raise Invalid(f"A task has no attribute '{key[:_MAX_SHOWN]}'.")
        _check_attribute(key, value)
    _check_size(body)
    return body["type"], body["input"] or {}


def _check_attribute(key: str, value: object) -> None:
    """Raise Invalid if the attribute `key` of a task may not have `value`.

    TASK_PROPERTIES has the types and the allowed values; its patterns are not checked. `key` must
    be a key of TASK_PROPERTIES.
    """
    schema = TASK_PROPERTIES[key]
    kinds: dict[str, type] = {"string": str, "object": dict, "null": type(None)}
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not isinstance(value, tuple(kinds[name] for name in names)):
        raise Invalid(f"'{key}' of a task has to be of type {' or '.join(names)}.")
    if "enum" in schema and value not in schema["enum"]:
        raise Invalid(f"'{key}' of a task has to be one of {', '.join(schema['enum'])}.")


def _require_object(document: object) -> dict[str, Any]:
    """Return `document`. Raises Invalid if it is not a JSON object."""
    if document is None:
        raise Invalid("Body expected in request.")
    if not isinstance(document, dict):
        raise Invalid("Unexpected body type. Expected list/dict.")
    return document


def _check_size(body: Mapping[str, Any]) -> None:
    """Raise Invalid if a document has more than 16 KiB as JSON."""
    if len(orjson.dumps(body)) > _MAX_DOCUMENT:
        raise Invalid(f"The body may have at most {_MAX_DOCUMENT} bytes.")
