"""Listing: how the inverted index finds a page of images at the same cost among any number.

Each image has a row in `listing` for every (scope, facet) in which a list may find it. A scope is
who may see it (its owner, everybody, a member, an admin), a facet is one thing that can be asked
for (nothing, a name, a status, a property). A key is a 64-bit hash of both, a position orders by
creation time and then id; a page is a limited scan of one key, or a merge of a few. Whoever
fetches an image checks it against the query again, so that a hash that collides shows nothing.
"""

import functools
import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from glimpse.embedded.query_matching import LONGEST_CACHED, NEVER_LISTED, alike, folded
from glimpse.images import Caller, Image, ImageQuery

EVERYBODY = "public"
ADMIN = "admin"
COMMUNITY = "community"
_ID_BITS = 29
_MOST_ALTERNATIVES = 200
_MOST_FACETS = 8
_LAST_SECOND = (1 << (63 - _ID_BITS)) - 1


def key_of(scope: str, facet: str) -> int:
    """The signed 64-bit key of a scope and a facet."""
    if len(facet) <= LONGEST_CACHED and len(scope) <= LONGEST_CACHED:
        return _key_of(scope, facet)
    return _key_of.__wrapped__(scope, facet)


@functools.lru_cache(maxsize=8192)  # of two such texts each: 5 MB at most, 12 in wide characters
def _key_of(scope: str, facet: str) -> int:
    digest = hashlib.blake2b(f"{scope}\0{facet}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def position_of(created_at: str, image_id: str) -> int:
    """Where an image stands in the usual order: seconds of creation, then the id's first bits."""
    return first_position(created_at) | (int(image_id[:8], 16) >> (32 - _ID_BITS))


def first_position(date: str, more: int = 0) -> int:
    """The first position of a date's second, or of one so many seconds later."""
    seconds = int(datetime.fromisoformat(date).timestamp()) + more
    # Dates before the year 1426 or after 2514 share a second: a position has 64 bits.
    return max(-_LAST_SECOND, min(seconds, _LAST_SECOND)) << _ID_BITS


def scopes_of(image: Image, members: Mapping[str, str]) -> list[str]:
    """Who may find the image in a list; `members` maps a shared image's members to a status."""
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
    """The scope of a project's own images."""
    return f"owner:{project_id}"


def member_scope(project_id: str, status: str) -> str:
    """The scope of the images shared with a project, by the status of the membership."""
    return f"member:{status}:{project_id}"


def facets_of(image: Image) -> Iterator[str]:
    """What the image can be asked for by."""
    hidden = "hidden:" if image.os_hidden else ""
    yield hidden
    yield f"{hidden}status={image.status}"
    if image.name is not None:
        yield f"{hidden}name={folded(image.name)}"
    for key, value in image.properties.items():
        if value is not None:
            yield f"{hidden}{property_facet(key, value)}"


def property_facet(key: str, value: str) -> str:
    """The facet of a property."""
    return f"property:{folded(key)}={folded(value)}"


def keys_of(image: Image, members: Mapping[str, str]) -> set[int]:
    """All keys of an image."""
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
    """The scopes in which a caller's list looks: the Image service's rules of who sees what.

    Community images only when asked for or owned; shared ones by the membership's status.
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
    """Facets to look for: the most selective alternatives first, then what else must hold too.

    Each element is a list of alternatives, any of which will do.
    """
    hidden = "hidden:" if query.os_hidden else ""
    found = [[f"{hidden}{property_facet(key, value)}"] for key, value in query.properties.items()]
    found.sort(key=lambda facets: "instance_uuid=" not in facets[0])
    if query.names is not None:
        found.append([f"{hidden}name={folded(name)}" for name in dict.fromkeys(query.names)])
    if query.statuses is not None:
        statuses = dict.fromkeys(map(alike, query.statuses))
        found.append([f"{hidden}status={status}" for status in statuses])
    return found or [[hidden]]


def narrowing_facets(query: ImageQuery) -> list[list[str]]:
    """Those of the facets that the index is worth asking for: a few, of few alternatives each.

    Whoever asks for hundreds of names gets them from the whole list, each image checked.
    """
    found = [each for each in facets_for(query) if len(each) <= _MOST_ALTERNATIVES]
    return found[:_MOST_FACETS] or [["hidden:" if query.os_hidden else ""]]
