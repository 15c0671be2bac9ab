"""A page of servers is what the filters, order, marker and limit of a query select."""

import pytest

from glimpse.servers.errors import ServerMarkerNotFound
from glimpse.servers.list_page import select_page
from glimpse.servers.query import ServerQuery, Sort
from tests.support.servers import make_server

SERVERS = [make_server(name=name, id=name) for name in ("b", "c", "a", "d")]


def names(query: ServerQuery) -> tuple[str, bool]:
    page = select_page(SERVERS, query)
    return "".join(server.name for server in page.servers), page.has_more


def test_without_filters_all_servers_come_in_their_order() -> None:
    assert names(ServerQuery()) == ("bcad", False)


@pytest.mark.parametrize(
    ("limit", "expected"), [(0, ("", True)), (2, ("bc", True)), (4, ("bcad", False))]
)
def test_a_limit_says_if_further_servers_match(limit: int, expected: tuple[str, bool]) -> None:
    assert names(ServerQuery(limit=limit)) == expected


def test_a_list_starts_after_its_marker() -> None:
    assert names(ServerQuery(marker="c")) == ("ad", False)


def test_a_marker_need_not_match_the_filters() -> None:
    query = ServerQuery((lambda server: server.name != "c",), marker="c")
    assert names(query) == ("ad", False)


def test_an_unknown_marker_is_not_found() -> None:
    with pytest.raises(ServerMarkerNotFound, match=r"marker \[x\] not found"):
        names(ServerQuery(marker="x"))


def test_the_first_sort_key_counts_first() -> None:
    is_vowel = Sort(lambda server: str(server.name in "aeiou"), is_descending=True)
    by_name = Sort(lambda server: server.name, is_descending=False)
    assert names(ServerQuery(sort=(is_vowel, by_name))) == ("abcd", False)
