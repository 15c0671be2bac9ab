"""Query parameters of Glance's ``GET /v2/images``, rendered from an ImageQuery."""

from collections.abc import Callable, Iterator
from typing import Any

from glimpse.images import DateBound, ImageQuery

_MULTIPLE = (
    ("name", "names"),
    ("status", "statuses"),
    ("id", "ids"),
    ("disk_format", "disk_formats"),
    ("container_format", "container_formats"),
)


def query_parameters(query: ImageQuery) -> list[tuple[str, str]]:
    """Return the filters and the sort order of `query` as pairs of a key and a value.

    Keys may repeat (``tag``). The values are not yet URL-encoded. The limit and the marker are left
    out, and so are filters that are None or have no values. An empty text is a value. Glance's
    defaults are left out, too: ``member_status=accepted`` and ``os_hidden=false``.
    """
    return [*_attribute_parameters(query), *query.properties.items()]


def _attribute_parameters(query: ImageQuery) -> Iterator[tuple[str, str]]:
    for key, attribute in _MULTIPLE:
        values: tuple[str, ...] | None = getattr(query, attribute)
        if values:
            yield key, _render_values(values)
    for key, render in _SINGLE.items():
        value = getattr(query, key)
        if value is not None:
            yield key, render(value)
    if query.member_status != "accepted":
        yield "member_status", query.member_status
    if query.os_hidden:
        yield "os_hidden", "true"
    yield from (("tag", tag) for tag in query.tags)
    if query.sort:
        yield "sort", ",".join(f"{sort.key}:{sort.direction}" for sort in query.sort)


def _render_bound(bound: DateBound) -> str:
    return f"{bound.operator}:{bound.moment}"


def _render_boolean(value: object) -> str:
    return "true" if value else "false"


_SINGLE: dict[str, Callable[[Any], str]] = {
    "visibility": str,
    "owner": str,
    "checksum": str,
    "os_hash_algo": str,
    "os_hash_value": str,
    "min_ram": str,
    "min_disk": str,
    "size": str,
    "virtual_size": str,
    "size_min": str,
    "size_max": str,
    "created_at": _render_bound,
    "updated_at": _render_bound,
    "protected": _render_boolean,
}


def _render_values(values: tuple[str, ...]) -> str:
    """Render one value as ``x`` (``eq:x`` if the value has a colon), several as ``in:x,y``.

    With several values, a value that is empty or has a comma is put in double quotes.
    """
    if len(values) == 1:
        return f"eq:{values[0]}" if ":" in values[0] else values[0]
    return "in:" + ",".join(map(_quote, values))


def _quote(value: str) -> str:
    """Put a value of a list in double quotes if the value is empty or has a comma.

    Quotes within the value are not escaped, because Glance does not unescape them.
    """
    return f'"{value}"' if "," in value or not value else value
