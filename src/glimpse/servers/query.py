"""ServerQuery: filters, order and limit of a list of servers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

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
