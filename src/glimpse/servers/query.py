"""ServerQuery: filters, order and limit of a list of servers; select_page applies a query."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from glimpse.servers.errors import ServerMarkerNotFound
from glimpse.servers.server import Server

Condition = Callable[[Server], bool]
SortValue = Callable[[Server], str]


class Sort(NamedTuple):
    """One sort key of a list of servers. `value` returns the text by which a server is sorted.

    If `is_descending` is True, the server with the highest text comes first.
    """

    value: SortValue
    is_descending: bool


@dataclass(frozen=True, slots=True)
class ServerQuery:
    """The filters, order and limit of a list of servers.

    A server is listed if all functions in `conditions` return True for the server. The first key in
    `sort` decides first. Servers with equal values, and all servers if `sort` is empty, are listed
    newest first. The list starts after the server with the id `marker`, and has at most `limit`
    servers. If `all_projects` is False, only servers of the caller's project are listed.
    """

    conditions: tuple[Condition, ...] = ()
    sort: tuple[Sort, ...] = ()
    marker: str | None = None
    limit: int = 1000
    all_projects: bool = False


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
