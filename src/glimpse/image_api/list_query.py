"""Parse the query string of ``GET /v2/images`` into an ImageQuery."""

from collections.abc import Iterable, Sequence
from typing import Any

from glimpse.image_api.page_limit import parse_limit
from glimpse.images import ImageQuery
from glimpse.images.query_values import ATTRIBUTE_FILTERS, parse_sort, reject_changes_since


def parse_query(pairs: Sequence[tuple[str, str]]) -> ImageQuery:
    """Return the query that the parameters of ``GET /v2/images`` describe.

    The default ``limit`` is 25. A limit above 1,000 becomes 1,000. If ``limit`` or ``marker`` is
    repeated, the last value counts. The other parameters are filters and sort keys (see
    `parse_filters`). Raises Invalid if a value is not valid, such as a negative limit; the message
    says what is wrong. The marker is not checked.
    """
    last = dict(pairs)
    reject_changes_since(last.get("changes-since", ""))  # reported before other mistakes
    limit = parse_limit(last.get("limit"))
    filters = [(name, text) for name, text in pairs if name not in ("limit", "marker")]
    return parse_filters(filters, marker=last.get("marker"), limit=limit)


def parse_filters(
    pairs: Iterable[tuple[str, str]], *, marker: str | None = None, limit: int | None = None
) -> ImageQuery:
    """Parse the filters and sort keys in `pairs` into a query with `marker` and `limit`.

    `pairs` are the decoded names and values of parameters, in the order of the request. Examples:
    ``name=in:a,b``, ``updated_at=gte:2024-01-01``, ``tag=x``, ``sort=name:asc``. A parameter that
    the Image API does not define is a filter by a property: ``color=red``. All values of ``tag``,
    ``sort``, ``sort_key`` and ``sort_dir`` count, but only the last value of any other parameter.
    White space around a tag is removed. ``deleted`` and an empty ``changes-since`` have no effect.
    `marker` and `limit` are not checked; a `limit` of None is no limit.

    Raises Invalid if a value is not valid; the message says what is wrong. Raises Invalid for
    ``sort`` together with ``sort_key`` or ``sort_dir``, and if any ``changes-since`` has a value.
    """
    fields: dict[str, Any] = {}
    properties: dict[str, str] = {}
    repeatable: dict[str, list[str]] = {"tag": [], "sort": [], "sort_key": [], "sort_dir": []}
    given = list(pairs)
    last = dict(given)
    for name, text in given:
        if name in ATTRIBUTE_FILTERS:
            field, parse = ATTRIBUTE_FILTERS[name]
            fields[field] = parse(name, last[name])
        elif name in repeatable:
            repeatable[name].append(text)
        elif name == "changes-since":
            reject_changes_since(text)
        elif name != "deleted":  # deleted images are never listed
            properties[name] = text
    return ImageQuery(
        **fields,
        tags=tuple(tag.strip() for tag in repeatable["tag"]),
        properties=properties,
        sort=parse_sort(repeatable["sort"], repeatable["sort_key"], repeatable["sort_dir"]),
        marker=marker,
        limit=limit,
    )
