"""ServerPage: the servers that a query selects: filtered, sorted, after the marker. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from glimpse.servers.errors import ServerMarkerNotFound
from glimpse.servers.query import ServerQuery
from glimpse.servers.server import Server


class ServerPage(NamedTuple):
    """One page of a list of servers; `has_more` is True if servers after the page match, too."""

    servers: Sequence[Server]
    has_more: bool


def select_page(servers: Iterable[Server], query: ServerQuery) -> ServerPage:
    """Return the page of `servers` that `query` selects.

    `servers` must be the servers of the caller's project, or of all projects if
    `query.all_projects` is True, the newest first. The server with the id `query.marker` need not
    match the conditions. If `query.marker` is None, the page starts with the first server. Raises
    ServerMarkerNotFound if none of `servers` has the id `query.marker`.
    """
    ordered = list(servers)
    for sort in reversed(query.sort):
        ordered.sort(key=sort.value, reverse=sort.is_descending)
    if query.marker is not None:
        ids = [server.id for server in ordered]
        if query.marker not in ids:
            raise ServerMarkerNotFound(query.marker)
        ordered = ordered[ids.index(query.marker) + 1 :]
    found = [server for server in ordered if all(holds(server) for holds in query.conditions)]
    return ServerPage(found[: query.limit], len(found) > query.limit)
