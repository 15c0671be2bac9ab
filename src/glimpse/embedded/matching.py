"""Matching: whether an image is in a list, checked on the image itself.

What an engine finds by an index is a candidate (SQLite's listing keys are hashes, say). Nothing is
shown to a caller that this module has not let through.
"""

import functools
import unicodedata
from collections.abc import Callable, Iterator, Mapping

from glimpse.images import Caller, Image, ImageQuery

NEVER_LISTED = frozenset(("killed", "deleted"))
Check = Callable[[Image], bool]


@functools.lru_cache(maxsize=65536)
def folded(text: str) -> str:
    """`text` as the Image service's usual database compares it: case, accents, spaces at the end.

    (MariaDB's utf8_general_ci, recorded: ``type=BASE`` finds images of type ``base``.)
    """
    if not text.isascii():
        text = "".join(
            each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each)
        )
    return text.casefold().rstrip(" ")


def listing_rule(caller: Caller, query: ImageQuery) -> Check:
    """The function that tells whether an image is in the caller's list.

    Made once a list: it checks only what the query asks for, which is mostly nothing.
    """
    checks = tuple(_checks(query))

    def is_listed(image: Image) -> bool:
        if image.os_hidden != query.os_hidden or image.status in NEVER_LISTED:
            return False
        own = image.owner is not None and caller.project_id == image.owner
        if not own and not _is_shown_to_others(caller, image, query):
            return False
        return not checks or all(check(image) for check in checks)

    return is_listed


def _is_shown_to_others(caller: Caller, image: Image, query: ImageQuery) -> bool:
    if image.visibility == "private" and not caller.is_admin:
        return False
    return image.visibility != "community" or query.visibility in ("all", "community")


def _checks(query: ImageQuery) -> Iterator[Check]:
    """One check for each thing that the query asks for."""
    if query.visibility not in (None, "all"):
        yield lambda image: image.visibility == query.visibility
    if query.names is not None:
        names = frozenset(map(folded, query.names))
        yield lambda image: image.name is not None and folded(image.name) in names
    for attribute in ("statuses", "ids", "disk_formats", "container_formats"):
        wanted = getattr(query, attribute)
        if wanted is not None:
            yield _is_one_of(_SINGULAR[attribute], frozenset(wanted))
    for attribute in _EQUAL:
        wanted = getattr(query, attribute)
        if wanted is not None:
            yield _is_one_of(attribute, frozenset((wanted,)))
    yield from _range_checks(query)
    if query.tags:
        tags = frozenset(query.tags)
        yield lambda image: tags.issubset(image.tags)
    if query.properties:
        properties = {folded(key): folded(value) for key, value in query.properties.items()}
        yield lambda image: _has_properties(image, properties)


_EQUAL = (
    "owner",
    "protected",
    "min_ram",
    "min_disk",
    "size",
    "virtual_size",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
)
_SINGULAR = {
    "statuses": "status",
    "ids": "id",
    "disk_formats": "disk_format",
    "container_formats": "container_format",
}


def _is_one_of(attribute: str, wanted: frozenset[object]) -> Check:
    return lambda image: getattr(image, attribute) in wanted


def _range_checks(query: ImageQuery) -> Iterator[Check]:
    size_min, size_max = query.size_min, query.size_max
    if size_min is not None:
        yield lambda image: image.size is not None and image.size >= size_min
    if size_max is not None:
        yield lambda image: image.size is not None and image.size <= size_max
    created_at, updated_at = query.created_at, query.updated_at
    if created_at is not None:
        yield lambda image: created_at.holds(image.created_at)
    if updated_at is not None:
        yield lambda image: updated_at.holds(image.updated_at)


def _has_properties(image: Image, wanted: Mapping[str, str]) -> bool:
    properties = {
        folded(key): folded(value) for key, value in image.properties.items() if value is not None
    }
    return all(properties.get(key) == value for key, value in wanted.items())
