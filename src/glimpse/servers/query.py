"""ServerQuery: filters, order and limit of a list of servers; select_page applies one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from glimpse.servers.errors import MarkerNotFound
from glimpse.servers.server import Server

Condition = Callable[[Server], bool]
SortValue = Callable[[Server], str]


class Sort(NamedTuple):
    """One sort key of a list: the value of a server, and a direction."""

    value: SortValue
    is_descending: bool


@dataclass(frozen=True, slots=True)
class ServerQuery:
    """The filters, order and limit of a list of servers.

    `project_id` None lists the servers of all projects. A server is listed if all `conditions` are
    true of it. `sort` is empty for the default order, newest first. The list starts after the
    server with the id `marker`, and has at most `limit` servers.
    """

    project_id: str | None
    conditions: tuple[Condition, ...] = ()
    sort: tuple[Sort, ...] = ()
    marker: str | None = None
    limit: int = 1000


class ServerPage(NamedTuple):
    """Some successive servers of a list; `has_more` is True if further ones match."""

    servers: Sequence[Server]
    has_more: bool


def select_page(servers: Iterable[Server], query: ServerQuery) -> ServerPage:
    """Return the page that `query` selects of `servers`: all of its project, newest first.

    The marker need not match the conditions. Raises MarkerNotFound if no server has its id.
    """
    ordered = list(servers)
    for sort in reversed(query.sort):
        ordered.sort(key=sort.value, reverse=sort.is_descending)
    if query.marker is not None:
        ids = [server.id for server in ordered]
        if query.marker not in ids:
            raise MarkerNotFound(query.marker)
        ordered = ordered[ids.index(query.marker) + 1 :]
    found = [server for server in ordered if all(holds(server) for holds in query.conditions)]
    return ServerPage(found[: query.limit], len(found) > query.limit)
