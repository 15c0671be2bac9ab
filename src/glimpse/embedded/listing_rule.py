"""Listing rule: decide if an image is in the list that a query and a caller get. Pure.

A catalog looks for images in an index. The index may find too many images, because the keys of the
index may be hashes. So an image that the index finds is listed only if the function that
`listing_rule` returns is True for the image.
"""

from collections.abc import Callable, Iterator, Mapping

from glimpse.embedded.text_comparison import comparison_form
from glimpse.images import Caller, Image, ImageQuery

NEVER_LISTED = frozenset(("killed", "deleted"))  # statuses
ImagePredicate = Callable[[Image], bool]


def listing_rule(caller: Caller, query: ImageQuery) -> ImagePredicate:
    """Return a function that is True for images that match `query` and that `caller` can see.

    The function checks all filters of the query except `member_status`. The query's marker, limit
    and order have no effect. The function is False for these images:

    - images in status killed or deleted
    - private images that the caller's project does not own, unless `caller` is an admin
    - community images that the caller's project does not own, unless `query.visibility` is
      "community" or "all"

    The function checks neither policy rules nor memberships. Do not pass a shared image of another
    project, unless `caller` is an admin, or the caller's project is a member whose status is
    `query.member_status` ("all" is any status). Make one function for each list, because
    `listing_rule` takes longer than a call of the function.
    """
    predicates = tuple(_predicates(query))

    def is_listed(image: Image) -> bool:
        if image.os_hidden != query.os_hidden or image.status in NEVER_LISTED:
            return False
        is_owner = image.owner is not None and caller.project_id == image.owner
        if not is_owner and not _is_shown_to_others(caller, image, query):
            return False
        return not predicates or all(predicate(image) for predicate in predicates)

    return is_listed


def _is_shown_to_others(caller: Caller, image: Image, query: ImageQuery) -> bool:
    """Return True if a caller whose project does not own the image may get it in a list.

    A community image is listed only if `query.visibility` is "community" or "all". A private image
    is listed only for an admin. Memberships of a shared image are not checked.
    """
    if image.visibility == "private" and not caller.is_admin:
        return False
    return image.visibility != "community" or query.visibility in ("all", "community")


def _predicates(query: ImageQuery) -> Iterator[ImagePredicate]:
    """Yield a function for each filter that is set; the function is True if an image matches.

    Yields nothing if no filter is set. Leaves out `os_hidden`, which `listing_rule` checks, and
    `member_status`, which the callers of `listing_rule` check.
    """
    if query.visibility not in (None, "all"):
        yield lambda image: image.visibility == query.visibility
    for attribute, wanted in _texts(query):
        yield _is_one_of(attribute, frozenset(map(comparison_form, wanted)))
    for attribute in NUMBERS:
        number = getattr(query, attribute)
        if number is not None:
            yield _equals(attribute, number)
    yield from _range_predicates(query)
    if query.tags:
        tags = frozenset(map(comparison_form, query.tags))
        yield lambda image: tags.issubset(map(comparison_form, image.tags))
    if query.properties:
        properties = _comparison_forms(query.properties)
        yield lambda image: _has_properties(image, properties)


def _texts(query: ImageQuery) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield attribute and wanted texts of each filter by text: ``("name", ("a", "b"))``.

    Filters that are not set are left out. Filters by visibility, numbers, dates, tags and
    properties are left out, too: `_predicates` compares those itself.
    """
    for plural, attribute in (("names", "name"), *ONE_OF.items()):
        wanted: tuple[str, ...] | None = getattr(query, plural)
        if wanted is not None:
            yield attribute, wanted
    for attribute in TEXTS:
        one: str | None = getattr(query, attribute)
        if one is not None:
            yield attribute, (one,)


# Attributes that a query compares with one text, or with one number.
TEXTS = ("owner", "checksum", "os_hash_algo", "os_hash_value")
NUMBERS = ("protected", "min_ram", "min_disk", "size", "virtual_size")
# Fields of a query that have several values, each with the attribute of an image that has to have
# one of the values.
ONE_OF = {
    "statuses": "status",
    "ids": "id",
    "disk_formats": "disk_format",
    "container_formats": "container_format",
}


def _is_one_of(attribute: str, wanted: frozenset[str]) -> ImagePredicate:
    """Return a function that is True for an image whose `attribute` equals a text in `wanted`.

    `wanted` has texts that `comparison_form` returned. An attribute that is None equals no text.
    """

    def predicate(image: Image) -> bool:
        value: str | None = getattr(image, attribute)
        return value is not None and comparison_form(value) in wanted

    return predicate


def _equals(attribute: str, wanted: object) -> ImagePredicate:
    return lambda image: bool(getattr(image, attribute) == wanted)


def _range_predicates(query: ImageQuery) -> Iterator[ImagePredicate]:
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


def _has_properties(image: Image, wanted: frozenset[tuple[str, str]]) -> bool:
    """Return True if `_comparison_forms` of the image's properties has all pairs in `wanted`."""
    return wanted <= _comparison_forms(image.properties)


def _comparison_forms(properties: Mapping[str, str | None]) -> frozenset[tuple[str, str]]:
    """Return the pairs of key and value, each as `comparison_form` returns the text.

    Leaves out properties whose value is None. Several keys may have the same form:
    ``{"Type": "a", "type": "b"}`` -> ``{("type", "a"), ("type", "b")}``.
    """
    return frozenset(
        (comparison_form(key), comparison_form(value))
        for key, value in properties.items()
        if value is not None
    )
