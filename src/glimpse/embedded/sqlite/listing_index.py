"""Listing index: keys and positions of the inverted index that lists are read from. Pure.

The table `listing` has a row for each image, scope and facet. A scope is a group of callers who see
the image: its project, everybody, a member, admins. A facet is a filter that the image passes: ""
(no filter), ``status=active``, ``name=...`` or ``property:key=value``. A row has a key, which is a
64-bit hash of scope and facet, and a position, which orders images by creation time, then by id.

A page of a list is therefore a short scan of the rows with one key, or with a few keys. The scan
takes the same time for any number of images. `image_reader` makes the scans. Two keys can have the
same hash, so `listing_rule` has to check each image that a scan finds.
"""

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from glimpse.caching.short_arguments import cache_if_short
from glimpse.embedded.listing_rule import NEVER_LISTED
from glimpse.embedded.sqlite.query_conditions import storable
from glimpse.embedded.text_comparison import MAX_CACHED_LENGTH, comparison_form, index_form
from glimpse.images import Caller, Image, ImageQuery

EVERYBODY = "public"
ADMIN = "admin"
COMMUNITY = "community"
_ID_BITS = 29
_MAX_ALTERNATIVES = 200
_MAX_FACETS = 8
_LAST_SECOND = (1 << (63 - _ID_BITS)) - 1


# The cache takes 5 MB at most, or 12 MB if every character takes four bytes.
@cache_if_short(longest=2 * MAX_CACHED_LENGTH, entries=8192)
def key_of(scope: str, facet: str, /) -> int:
    """Return the key of a scope and a facet in the listing index: a hash.

    For example, the scope is ``owner:PROJECT_ID`` and the facet ``status=active``. The key is a
    signed integer of 64 bits. Two pairs may have the same key, so check each image that a key
    finds. Catalogs on disk have these keys, so a change of this function needs a migration.
    """
    digest = hashlib.blake2b(f"{scope}\0{facet}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def position_of(created_at: str, image_id: str) -> int:
    """Return a number that orders images by the second of their creation, then by their ids.

    `created_at` is a date like ``2024-01-31T12:00:00Z``; `image_id` is a UUID. Raises ValueError if
    one cannot be parsed. The number has only the first 29 bits of the id, so two images may have
    the same position. A date before August 1425 counts as August 1425, and a date after May 2514 as
    May 2514.
    """
    return first_position(created_at) | (int(image_id[:8], 16) >> (32 - _ID_BITS))


def first_position(date: str, offset_seconds: int = 0) -> int:
    """Return the lowest position of images that were created `offset_seconds` after `date`.

    `date` is a date like ``2024-01-31T12:00:00Z``. Raises ValueError if it cannot be parsed. A
    position has 64 bits. So a date before August 1425 counts as August 1425, and a date after May
    2514 as May 2514.
    """
    seconds = int(datetime.fromisoformat(date).timestamp()) + offset_seconds
    return max(-_LAST_SECOND, min(seconds, _LAST_SECOND)) << _ID_BITS


def scopes_of(image: Image, members: Mapping[str, str]) -> list[str]:
    """Return an image's scopes: the groups of callers whose lists may have the image.

    Every image has the scope ``admin``, and ``owner:PROJECT_ID`` if a project owns it. A public
    image also has ``public``, a community image ``community``, and a shared image
    ``member:STATUS:PROJECT_ID`` for each member. But a killed or deleted image has no scope.

    `members` has the status of each membership by project id, and is used only for a shared image.
    """
    if image.status in NEVER_LISTED:
        return []
    scopes = [ADMIN]
    if image.owner is not None:
        scopes.append(owner_scope(image.owner))
    if image.visibility == "public":
        scopes.append(EVERYBODY)
    elif image.visibility == "community":
        scopes.append(COMMUNITY)
    elif image.visibility == "shared":
        scopes += [member_scope(member, status) for member, status in members.items()]
    return scopes


def owner_scope(project_id: str) -> str:
    """Return the scope of the images that a project owns: ``owner:PROJECT_ID``."""
    return f"owner:{project_id}"


def member_scope(project_id: str, status: str) -> str:
    """Return the scope of the images in which a project has a membership with this status.

    It is ``member:STATUS:PROJECT_ID``.
    """
    return f"member:{status}:{project_id}"


def facets_of(image: Image) -> Iterator[str]:
    """Yield the facets of an image: the filters that find the image in a list, as texts.

    They are "" (no filter), ``status=active``, ``name=...`` and a ``property:key=value`` for each
    property. Names, keys and values are in their `index_form`: ``name=debian``. The facets of a
    hidden image start with ``hidden:``. A name or a property value that is None has no facet.
    """
    hidden = "hidden:" if image.os_hidden else ""
    yield hidden
    yield f"{hidden}status={image.status}"
    if image.name is not None:
        yield f"{hidden}name={index_form(image.name)}"
    for key, value in image.properties.items():
        if value is not None:
            yield f"{hidden}{property_facet(key, value)}"


def property_facet(key: str, value: str) -> str:
    """Return the facet of a property: ``property:key=value``, with both in their `index_form`.

    Example: the key ``OS`` and the value ``Fédora`` give ``property:os=fedora``.
    """
    return f"property:{index_form(key)}={index_form(value)}"


def keys_of(image: Image, members: Mapping[str, str]) -> set[int]:
    """Return an image's keys in the listing index: one for each pair of a scope and a facet.

    A killed or deleted image has no keys, because no list shows it. `members` has the status of
    each member by project id.
    """
    facets = list(facets_of(image))
    return {key_of(scope, facet) for scope in scopes_of(image, members) for facet in facets}


def listing_rows(
    records: Sequence[tuple[Image, Mapping[str, str]]], first_number: int
) -> "array[int]":
    """Return the rows of the listing index for new images, as one flat array.

    Each record is an image, and the status of each of its members by project id. The first image
    has the row number `first_number`, the second image the next number, and so on. A killed or
    deleted image has a row number, but no rows in the listing index.

    The array has three numbers for each row: a key, a position and the image's row number. Rows are
    sorted, so that inserting many of them changes each page of the file once. Raises ValueError for
    an id or a ``created_at`` that cannot be parsed, and for text with a lone surrogate.
    """
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, (image, members) in enumerate(records, first_number):
        place = (position_of(image.created_at, image.id), number)
        for key in keys_of(image, members):
            found[key].append(place)
    rows = ((key, *place) for key in sorted(found) for place in sorted(found[key]))
    return array("q", chain.from_iterable(rows))


def scopes_for(caller: Caller, query: ImageQuery) -> list[str]:
    """Return the scopes whose images a caller's list may have (see `scopes_of`).

    A scope is a group of callers. For an admin, the result is ``admin``, which has the images of
    all projects. For another caller, the result has these scopes:

    - ``public`` if the visibility of the query is None, "all" or "public"
    - ``community`` if the visibility is "all" or "community"
    - ``owner:PROJECT_ID`` of the caller's project, whatever the visibility
    - ``member:STATUS:PROJECT_ID`` of the caller's project if the visibility is None, "all" or
      "shared". STATUS is `query.member_status`; for "all", there is a scope for each of the three
      statuses.

    A caller without a project has neither of the last two. The scopes may also have images that the
    query does not match, so check each image.
    """
    if caller.is_admin:
        return [ADMIN]
    scopes: list[str] = [EVERYBODY] if query.visibility in (None, "all", "public") else []
    if query.visibility in ("all", "community"):
        scopes.append(COMMUNITY)
    if caller.project_id is not None:
        scopes.append(owner_scope(caller.project_id))
        if query.visibility in (None, "all", "shared"):
            status = query.member_status
            every = ("accepted", "pending", "rejected")
            scopes += [
                member_scope(caller.project_id, each)
                for each in (every if status == "all" else (status,))
            ]
    return scopes


def facets_for(query: ImageQuery) -> list[list[str]]:
    """Return a list of facets for each filter of a query by name, status or property.

    A facet is a filter as a text (see `facets_of`). Example: ``[["name=a", "name=b"],
    ["status=active"]]``. An image matches only if it has at least one facet of each list. Lists for
    properties come first, then names, then statuses. Of the properties, ``instance_uuid`` comes
    first, because it matches few images.

    For a query without such filters, the result is ``[[""]]``, or ``[["hidden:"]]`` for hidden
    images. All facets of a query for hidden images start with ``hidden:``.
    """
    hidden = "hidden:" if query.os_hidden else ""
    found = [
        [f"{hidden}{property_facet(storable(key), storable(value))}"]
        for key, value in query.properties.items()
    ]
    found.sort(key=lambda facets: "instance_uuid=" not in facets[0])
    if query.names is not None:
        names = dict.fromkeys(map(storable, query.names))
        found.append([f"{hidden}name={index_form(name)}" for name in names])
    if query.statuses is not None:
        statuses = dict.fromkeys(comparison_form(storable(each)) for each in query.statuses)
        found.append([f"{hidden}status={status}" for status in statuses])
    return found or [[hidden]]


def indexed_facets(query: ImageQuery) -> list[list[str]]:
    """Return the lists of `facets_for` by which to search the index: at most 8 lists.

    They are the first 8 lists that have at most 200 facets. A list of more than 200 facets is left
    out because it is faster to check each image in the caller's scopes. If no list remains, the
    result is the same as for a query without filters. Check each image that the index finds,
    because the index ignores the lists that are left out.
    """
    found = [each for each in facets_for(query) if len(each) <= _MAX_ALTERNATIVES]
    return found[:_MAX_FACETS] or [["hidden:" if query.os_hidden else ""]]
