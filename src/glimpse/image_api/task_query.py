"""parse_task_query: the filters, order and page of a list of tasks. Pure."""

import uuid

from glimpse.embedded.tasks import TASK_STATUSES, TaskQuery
from glimpse.image_api.page_limit import parse_limit
from glimpse.image_api.request_parsing import Pairs
from glimpse.images.errors import Invalid

_MAX_SHOWN = 100  # characters of an invalid value in a message


def parse_task_query(pairs: Pairs) -> TaskQuery:
    """Return the query that the parameters of ``GET /v2/tasks`` describe.

    Parameters other than ``limit``, ``marker``, ``sort_key`` and ``sort_dir`` are filters. If one
    of these four is repeated, its first value counts. Of a repeated filter, the last value counts.
    Unknown filters are kept; `TaskQuery` ignores them. Without ``limit``, a page has 25 tasks.
    Without ``sort_key`` and ``sort_dir``, the newest task comes first. Raises Invalid if a limit,
    marker, sort key, direction, status or type is not valid.
    """
    first = dict(reversed(pairs))
    filters = dict(pairs)
    for key in ("limit", "marker", "sort_key", "sort_dir"):
        filters.pop(key, None)
    sort_dir = first.get("sort_dir", "desc")
    if sort_dir not in ("asc", "desc"):
        raise Invalid(f"Invalid sort direction: {sort_dir[:_MAX_SHOWN]}")
    status, kind, marker = filters.get("status"), filters.get("type"), first.get("marker")
    if status and status not in TASK_STATUSES:
        raise Invalid(f"Invalid status value: {status[:_MAX_SHOWN]}")
    if kind and kind != "import":
        raise Invalid(f"Invalid type value: {kind[:_MAX_SHOWN]}")
    if marker and not _is_uuid(marker):
        raise Invalid("Invalid marker format")
    return TaskQuery(
        limit=parse_limit(first.get("limit")),
        marker=marker,
        sort_key=first.get("sort_key", "created_at"),
        is_descending=sort_dir == "desc",
        filters=filters,
    )


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
