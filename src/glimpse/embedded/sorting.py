"""Lists in another order than newest first: rarely asked for, so read in chunks, not indexed."""

import asyncio
from collections.abc import AsyncIterator

from glimpse.embedded.matching import listing_rule
from glimpse.embedded.sqlite.listing import scopes_for
from glimpse.embedded.sqlite.records import Catalog
from glimpse.images import Caller, Image, ImageQuery, Page

_CHUNK = 200


def sort_clause(query: ImageQuery) -> str:
    """An ORDER BY of the query's sort keys, then created_at and id, as the Image service has it."""
    direction = query.sort[-1].direction if query.sort else "desc"
    keys = {sort.key: sort.direction for sort in query.sort}
    for key in ("created_at", "id"):
        keys.setdefault(key, direction)
    return ", ".join(f"{key} {each.upper()}" for key, each in keys.items())


async def sorted_pages(catalog: Catalog, caller: Caller, query: ImageQuery) -> AsyncIterator[Page]:
    """Yield the list's pages in the order of `query.sort`; one chunk is read at a time."""
    order = sort_clause(query)
    wanted = query.limit
    waiting_for = query.marker
    offset = 0
    scopes = set(scopes_for(caller, query))
    is_listed = listing_rule(caller, query)
    while True:
        ids = catalog.ids_sorted(order, _CHUNK, offset)
        offset += len(ids)
        found: list[Image] = []
        for image_id in ids:
            if waiting_for is not None:
                waiting_for = None if image_id == waiting_for else waiting_for
                continue
            image = catalog.get(image_id)
            if image and catalog.in_scopes(image, scopes) and is_listed(image):
                found.append(image)
        more = wanted is not None and len(found) > wanted
        if more or len(ids) < _CHUNK:
            yield Page(found[:wanted], last=True, more=more)
            return
        if found:
            yield Page(found, last=False)
        wanted = None if wanted is None else wanted - len(found)
        await asyncio.sleep(0)
