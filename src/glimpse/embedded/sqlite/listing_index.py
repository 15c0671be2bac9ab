"""Listing index: keys and positions of the inverted index that lists are read from. Pure.

Each image has a row in the table `listing` for every pair of a scope and a facet by which a list
may find it. A scope is a group of callers that may see the image: its owner, everybody, a member,
admins. A facet is one filter that the image passes: none, its name, its status, a property. A key
is a 64-bit hash of both; a position orders by creation time, then by id. A page of a list is a
limited scan of one key, or a merge of a few, and so costs the same among any number of images.
Hashes can collide: `listing_rule` checks each image that is found.
"""

import functools
import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from glimpse.embedded.query_matching import (
    LONGEST_CACHED,
    NEVER_LISTED,
    comparison_form,
    index_form,
)
from glimpse.images import Caller, Image, ImageQuery

EVERYBODY = "public"
ADMIN = "admin"
COMMUNITY = "community"
_ID_BITS = 29
_MOST_ALTERNATIVES = 200
_MOST_FACETS = 8
_LAST_SECOND = (1 << (63 - _ID_BITS)) - 1


def key_of(scope: str, facet: str) -> int:
    """Return the signed 64-bit key of a scope and a facet."""
    if len(facet) <= LONGEST_CACHED and len(scope) <= LONGEST_CACHED:
        return _key_of(scope, facet)
    return _key_of.__wrapped__(scope, facet)


@functools.lru_cache(maxsize=8192)  # of two such texts each: 5 MB at most, 12 in wide characters
def _key_of(scope: str, facet: str) -> int:
    digest = hashlib.blake2b(f"{scope}\0{facet}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def position_of(created_at: str, image_id: str) -> int:
    """Return a number that sorts images by their creation second, then by their id's first bits."""
    return first_position(created_at) | (int(image_id[:8], 16) >> (32 - _ID_BITS))


def first_position(date: str, offset_seconds: int = 0) -> int:
    """Return the lowest position of images created in the second `date` + `offset_seconds`.

    Years before 1426 or after 2514 are clamped, since a position has 64 bits.
    """
    seconds = int(datetime.fromisoformat(date).timestamp()) + offset_seconds
    return max(-_LAST_SECOND, min(seconds, _LAST_SECOND)) << _ID_BITS


def scopes_of(image: Image, members: Mapping[str, str]) -> list[str]:
    """Return the scopes that the image is in; `members` matters only if it is shared."""
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
    """Return the scope of a project's own images."""
    return f"owner:{project_id}"


def member_scope(project_id: str, status: str) -> str:
    """Return the scope of the images shared with a project, by the membership's status."""
    return f"member:{status}:{project_id}"


def facets_of(image: Image) -> Iterator[str]:
    """Yield the facets that the image has."""
    hidden = "hidden:" if image.os_hidden else ""
    yield hidden
    yield f"{hidden}status={image.status}"
    if image.name is not None:
        yield f"{hidden}name={index_form(image.name)}"
    for key, value in image.properties.items():
        if value is not None:
            yield f"{hidden}{property_facet(key, value)}"


def property_facet(key: str, value: str) -> str:
    """Return the facet of a property."""
    return f"property:{index_form(key)}={index_form(value)}"


def keys_of(image: Image, members: Mapping[str, str]) -> set[int]:
    """Return the keys of all rows of the listing that an image has."""
    facets = list(facets_of(image))
    return {key_of(scope, facet) for scope in scopes_of(image, members) for facet in facets}


def listing_rows(
    records: Sequence[tuple[Image, Mapping[str, str]]], first_number: int
) -> "array[int]":
    """Return the rows of the listing for images with their members, as one flat array.

    Each row is a key, a position and the image's row number: `first_number` for the first image,
    one more for each that follows. Rows are sorted, so that many inserted at once touch each page
    of the index once.
    """
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, (image, members) in enumerate(records, first_number):
        place = (position_of(image.created_at, image.id), number)
        for key in keys_of(image, members):
            found[key].append(place)
    rows = ((key, *place) for key in sorted(found) for place in sorted(found[key]))
    return array("q", chain.from_iterable(rows))


def scopes_for(caller: Caller, query: ImageQuery) -> list[str]:
    """Return the scopes whose images a caller's list may contain (Image service rules).

    Community images are listed only if the query's visibility says so or the caller owns them,
    shared images by the status of the membership.
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
    """Return the facets of the query's filters, a list for each filter, most selective first.

    An image matches if it has at least one facet of each list.
    """
    hidden = "hidden:" if query.os_hidden else ""
    found = [[f"{hidden}{property_facet(key, value)}"] for key, value in query.properties.items()]
    found.sort(key=lambda facets: "instance_uuid=" not in facets[0])
    if query.names is not None:
        found.append([f"{hidden}name={index_form(name)}" for name in dict.fromkeys(query.names)])
    if query.statuses is not None:
        statuses = dict.fromkeys(map(comparison_form, query.statuses))
        found.append([f"{hidden}status={status}" for status in statuses])
    return found or [[hidden]]


def indexed_facets(query: ImageQuery) -> list[list[str]]:
    """Return at most _MOST_FACETS of the lists of `facets_for`, to search the index by.

    Skips lists with more than _MOST_ALTERNATIVES facets: a query for hundreds of names reads all
    images in scope instead, and checks each. If no list is left, returns the facet of all images,
    or of all hidden images if the query is for those.
    """
    found = [each for each in facets_for(query) if len(each) <= _MOST_ALTERNATIVES]
    return found[:_MOST_FACETS] or [["hidden:" if query.os_hidden else ""]]
