"""The query of a list of flavors: filters, order, limit and pages."""

from itertools import pairwise

import pytest

from glimpse.compute.faults import Fault
from glimpse.compute.servers.flavor_query import (
    FlavorListRequest,
    FlavorPage,
    parse_flavor_list_request,
)
from glimpse.compute.servers.query_values import MAX_LIMIT
from glimpse.images import Caller
from glimpse.servers.server import Flavor

MEMBER = Caller("u", "owner", frozenset(("member",)))
ADMIN = Caller("a", "admins", frozenset(("admin",)), is_admin=True)
FLAVORS = [
    Flavor("a", vcpus=2, ram=512, disk=10),
    Flavor("b", vcpus=1, ram=1024, disk=0),
    Flavor("c", vcpus=2, ram=256, disk=5),
]


def parse(query: str, caller: Caller = MEMBER, minor: int = 1) -> FlavorListRequest:
    return parse_flavor_list_request(query.encode(), caller, minor)


def select(query: str, caller: Caller = MEMBER) -> FlavorPage:
    return parse(query, caller).query.select_page(FLAVORS)


def found(query: str, caller: Caller = MEMBER) -> str:
    """Return the names of the flavors that a query finds."""
    return "".join(flavor.name for flavor in select(query, caller).flavors)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "abc"),
        ("limit=2", "ab"),
        ("limit=0", ""),
        ("limit=1&limit=2", "ab"),
        ("marker=a", "bc"),
        ("marker=c", ""),
        ("limit=1&marker=a", "b"),
        ("minRam=512", "ab"),
        ("minRam=-1", "abc"),
        ("minDisk=5", "ac"),
        ("minRam=512&marker=c", ""),
        ("sort_dir=desc", "cba"),
        ("sort_key=memory_mb", "cab"),
        ("sort_key=root_gb&sort_dir=desc&marker=a", "cb"),
        ("sort_key=vcpus", "bac"),
        ("sort_key=vcpus&sort_dir=desc", "cab"),
        ("sort_key=created_at", "abc"),
        ("unknown=1", "abc"),
    ],
)
def test_a_query_finds_flavors(query: str, expected: str) -> None:
    assert found(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [("is_public=None", "abc"), ("is_public=TRUE", "abc"), ("is_public=False", "")],
)
def test_only_an_admin_filters_by_is_public(query: str, expected: str) -> None:
    assert found(query, ADMIN) == expected
    assert found(query) == found("is_public=maybe") == "abc"


@pytest.mark.parametrize("query", ["limit=1", "limit=1&sort_key=vcpus&sort_dir=desc", "limit=2"])
def test_the_pages_of_a_list_have_each_flavor_once(query: str) -> None:
    pages = [select(query)]
    while pages[-1].has_more:
        pages.append(select(f"{query}&marker={pages[-1].flavors[-1].name}"))
    names = [flavor.name for page in pages for flavor in page.flavors]
    assert sorted(names) == ["a", "b", "c"]
    assert all(page.flavors for page, _ in pairwise(pages))


@pytest.mark.parametrize("query", ["", "limit=5000", "limit=" + "9" * 5000])
def test_a_page_has_at_most_1000_flavors(query: str) -> None:
    flavors = [Flavor(f"{number:04}") for number in range(MAX_LIMIT + 1)]
    page = parse(query).query.select_page(flavors)
    assert (page.flavors, page.has_more) == (flavors[:MAX_LIMIT], True)


@pytest.mark.parametrize(
    ("query", "minor", "message"),
    [
        ("limit=-1", 1, "Invalid input for query parameters limit. Value: -1. "),
        ("limit=x&limit=1", 1, "Invalid input for query parameters limit. Value: x. "),
        ("limit=", 1, "Invalid input for query parameters limit. Value: . "),
        ("marker=nosuch", 1, "marker [nosuch] not found"),
        ("minRam=x", 1, "Invalid minRam filter [x]"),
        ("minDisk=", 1, "Invalid minDisk filter []"),
        ("minDisk=" + "9" * 5000, 1, "Invalid minDisk filter [999"),
        ("is_public=maybe", 1, "Invalid is_public filter [maybe]"),
        ("sort_key=host", 1, "Invalid input for query parameters sort_key. Value: host. "),
        ("sort_dir=up", 1, "Invalid input for query parameters sort_dir. Value: up. "),
        ("marker=%00", 1, "Invalid input for query parameters marker. "),
        ("unknown=1", 75, "The query parameter 'unknown' is not known."),
    ],
)
def test_an_invalid_query_is_refused(query: str, minor: int, message: str) -> None:
    with pytest.raises(Fault) as raised:
        parse(query, ADMIN, minor).query.select_page(FLAVORS)
    assert raised.value.status == 400
    assert raised.value.message.startswith(message)


def test_the_next_link_repeats_all_parameters() -> None:
    assert parse("limit=1&minRam=5").parameters == (("limit", "1"), ("minRam", "5"))
