"""An ImageQuery as query parameters of ``GET /v2/images``: the inverse of `parse_filters`."""

from collections.abc import Callable, Iterator
from typing import Any

from glimpse.images import DateBound, ImageQuery

_LISTS = (
    ("name", "names"),
    ("status", "statuses"),
    ("id", "ids"),
    ("disk_format", "disk_formats"),
    ("container_format", "container_formats"),
)


def parameters(query: ImageQuery) -> list[tuple[str, str]]:
    """Query parameters that ask Glance for what `query` asks, without limit and marker."""
    return [*_attributes(query), *query.properties.items()]


def _attributes(query: ImageQuery) -> Iterator[tuple[str, str]]:
    for key, attribute in _LISTS:
        values: tuple[str, ...] | None = getattr(query, attribute)
        if values:
            yield key, _any_of(values)
    for key, write in _SINGLE.items():
        value = getattr(query, key)
        if value is not None:
            yield key, write(value)
    if query.member_status != "accepted":
        yield "member_status", query.member_status
    if query.os_hidden:
        yield "os_hidden", "true"
    yield from (("tag", tag) for tag in query.tags)
    if query.sort:
        yield "sort", ",".join(f"{sort.key}:{sort.direction}" for sort in query.sort)


def _bound(bound: DateBound) -> str:
    return f"{bound.operator}:{bound.moment}"


def _boolean(value: object) -> str:
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
    "created_at": _bound,
    "updated_at": _bound,
    "protected": _boolean,
}


def _any_of(values: tuple[str, ...]) -> str:
    """One value as it is where that is unambiguous, else after ``eq:``; several after ``in:``."""
    if len(values) == 1:
        return f"eq:{values[0]}" if ":" in values[0] else values[0]
    return "in:" + ",".join(map(_listed, values))


def _listed(value: str) -> str:
    """A value in a list, in quotes where it needs them: Glance takes both as they are."""
    return f'"{value}"' if "," in value or not value else value
