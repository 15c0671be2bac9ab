"""The query language of ``GET /v2/images``: filters, sort order, marker and limit of a list."""

from collections.abc import Iterable, Sequence
from typing import Any

from glimpse.image_api.documents import DEFAULT_LIMIT, MAX_LIMIT
from glimpse.images import ImageQuery
from glimpse.images.errors import Invalid
from glimpse.images.filter_values import ATTRIBUTE_FILTERS, is_ignored, parse_sort


def parse_query(pairs: Sequence[tuple[str, str]]) -> ImageQuery:
    """Make an ImageQuery of all query parameters; its limit is from 0 to MAX_LIMIT.

    Of several limits or markers, the last one is used. Raises Invalid with the parameter's name.
    """
    last = dict(pairs)
    is_ignored("changes-since", last.get("changes-since", ""))  # reported before other mistakes
    limit = _parse_limit(last.get("limit"))
    filters = [(name, text) for name, text in pairs if name not in ("limit", "marker")]
    return parse_filters(filters, marker=last.get("marker"), limit=limit)


def parse_filters(
    pairs: Iterable[tuple[str, str]], *, marker: str | None = None, limit: int | None = None
) -> ImageQuery:
    """Make an ImageQuery of query parameters other than marker and limit.

    Examples: ``name=in:a,b``, ``updated_at=gte:2024-01-01``, ``sort=name:asc``. A parameter that
    is not one of the Image API's own filters by a property that equals its text. Of repeated
    parameters the last counts, except tags and sort keys. Raises Invalid with the parameter's name.
    """
    fields: dict[str, Any] = {}
    properties: dict[str, str] = {}
    repeatable: dict[str, list[str]] = {"tag": [], "sort": [], "sort_key": [], "sort_dir": []}
    for name, text in pairs:
        if name in ATTRIBUTE_FILTERS:
            field, parse = ATTRIBUTE_FILTERS[name]
            fields[field] = parse(name, text)
        elif name in repeatable:
            repeatable[name].append(text)
        elif not is_ignored(name, text):
            properties[name] = text
    return ImageQuery(
        **fields,
        tags=tuple(tag.strip() for tag in repeatable["tag"]),
        properties=properties,
        sort=parse_sort(repeatable["sort"], repeatable["sort_key"], repeatable["sort_dir"]),
        marker=marker,
        limit=limit,
    )


def _parse_limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    try:
        limit = int(text)
    except ValueError:
        raise Invalid("limit param must be an integer") from None
    if limit < 0:
        raise Invalid("limit param must be positive")
    return min(limit, MAX_LIMIT)
