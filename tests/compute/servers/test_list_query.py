"""The query of a list of servers: filters by caller and microversion, order, limit, pages."""

import pytest

from glimpse.compute.faults import Fault
from glimpse.compute.servers.list_query import (
    ListPermissions,
    ServerListRequest,
    parse_server_list_request,
)
from glimpse.compute.servers.policy import ServerPolicy, ServerRule
from glimpse.compute.servers.query_values import MAX_LIMIT
from glimpse.images import Caller
from glimpse.servers.list_page import select_page
from glimpse.servers.server import Flavor
from tests.support.servers import make_server

MEMBER = Caller("u", "owner", frozenset(("member",)))
ADMIN = Caller("a", "admins", frozenset(("admin",)), is_admin=True)
IMAGE_ID = "7f1f2b5e-0f5f-4d4e-9a40-2f3b6a1d9c11"
SERVER_ID = "5b0e9d3c-6a51-4c0c-8f53-0a7f3d1e2b44"
SERVERS = [
    make_server(
        id=SERVER_ID, name="web-1", image_id=IMAGE_ID, tags=("red", "blue"), key_name="key"
    ),
    make_server(name="web-2", status="SHUTOFF", flavor=Flavor("big"), user_id="somebody"),
    make_server(name="db", status="RESCUE", project_id="other", updated_at="2025-01-01T00:00:00Z"),
]


def parse(query: str, caller: Caller = MEMBER, minor: int = 1) -> ServerListRequest:
    """Parse the query of a list with the permissions of Compute's defaults."""
    policy = ServerPolicy(None)
    permissions = ListPermissions(
        all_filters=policy.allows(caller, ServerRule.ALL_FILTERS),
        check_all_projects=lambda: policy.check(caller, ServerRule.INDEX_ALL_PROJECTS),
    )
    return parse_server_list_request(query.encode(), caller, minor, permissions)


def found(query: str, caller: Caller = MEMBER, minor: int = 1) -> list[str]:
    """Return the names of the servers of SERVERS that a query finds, of whatever project."""
    parsed = parse(query, caller, minor)
    return [server.name for server in select_page(SERVERS, parsed.query).servers]


ALL = ["web-1", "web-2", "db"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ALL),
        ("name=web", ["web-1", "web-2"]),
        ("name=^d", ["db"]),
        ("name=web&name=db", ["db"]),
        ("status=ACTIVE", ["web-1"]),
        ("status=shutoff&status=RESCUE", ["web-2", "db"]),
        ("status=nosuch", []),
        ("status=", []),
        (f"image={IMAGE_ID}", ["web-1"]),
        ("flavor=big", ["web-2"]),
        ("ip=10.0.0.1", []),
        ("changes-since=2024-06-01T00:00:00Z", ["db"]),
        ("sort_key=display_name&sort_dir=asc", ["db", "web-1", "web-2"]),
        ("sort_key=display_name", ["web-2", "web-1", "db"]),
        ("sort_dir=asc&limit=1", ["web-1"]),
        ("limit=0", []),
        (f"limit={'0' * 40}", []),
        (f"limit={'0' * 40}1", ["web-1"]),
        ("limit=2", ["web-1", "web-2"]),
        (f"limit=1&marker={SERVER_ID}", ["web-2"]),
        ("all_tenants=0", ALL),
        ("unknown=1", ALL),
    ],
)
def test_a_query_finds_servers(query: str, expected: list[str]) -> None:
    assert found(query) == expected


@pytest.mark.parametrize(
    ("query", "since", "expected"),
    [
        ("tags=red,blue", 26, ["web-1"]),
        ("tags-any=red,green", 26, ["web-1"]),
        ("not-tags=red,blue", 26, ["web-2", "db"]),
        ("not-tags-any=blue", 26, ["web-2", "db"]),
        ("changes-before=2024-06-01T00:00:00Z", 66, ["web-1", "web-2"]),
        ("locked=true", 73, []),
        ("user_id=somebody", 83, ["web-2"]),
        ("vm_state=rescued", 83, ["db"]),
        ("power_state=4", 83, ["web-2"]),
        ("key_name=key", 83, ["web-1"]),
        ("availability_zone=other", 83, []),
        ("hostname=db", 90, ["db"]),
    ],
)
def test_a_later_filter_is_ignored_before_its_microversion(
    query: str, since: int, expected: list[str]
) -> None:
    assert found(query, minor=since) == expected
    assert found(query, minor=since - 1) == ALL


@pytest.mark.parametrize("query", [f"uuid={SERVER_ID}", "vm_state=active", "host=x"])
def test_filters_of_admins_are_ignored_for_others(query: str) -> None:
    assert found(query) == ALL
    assert found(query, ADMIN) != ALL


def test_a_project_is_a_filter_only_for_servers_of_all_projects() -> None:
    assert found("tenant_id=other", ADMIN) == ALL
    assert found("tenant_id=other&all_tenants=1", ADMIN) == ["db"]
    assert found("project_id=other&all_tenants", ADMIN) == ["db"]


@pytest.mark.parametrize(
    ("query", "all_projects"), [("all_tenants=1", True), ("all_tenants=no", False), ("", False)]
)
def test_an_admin_lists_the_servers_of_all_projects_on_request(
    query: str, *, all_projects: bool
) -> None:
    assert parse(query, ADMIN).query.all_projects is all_projects


@pytest.mark.parametrize(
    ("query", "minor", "status", "message"),
    [
        ("all_tenants=1", 1, 403, "Policy doesn't allow os_compute_api:servers:index:get_all_ten"),
        ("all_tenants=maybe", 1, 400, "Unrecognized value 'maybe', acceptable values are: '0', "),
        ("status=deleted", 1, 403, "Only administrators may list deleted instances"),
        ("status=nosuch", 38, 400, "Invalid status value"),
        ("limit=-1", 1, 400, "Invalid input for query parameters limit. Value: -1. "),
        ("limit=x&limit=1", 1, 400, "Invalid input for query parameters limit. Value: x. "),
        ("limit=", 1, 400, "Invalid input for query parameters limit. Value: . "),
        ("limit=&limit=1", 1, 400, "Invalid input for query parameters limit. Value: . "),
        ("limit=%0A", 1, 400, "Invalid input for query parameters limit. Value: \n. "),
        ("name=(", 1, 400, "Invalid input for query parameters name. Value: (. "),
        ("name=", 1, 400, "Invalid input for query parameters name. Value: . "),
        ("sort_key=nosuch", 1, 400, "Invalid input for query parameters sort_key. Value: nosuch. "),
        ("sort_dir=up", 1, 400, "Invalid input received: Unknown sort direction"),
        ("changes-since=now", 1, 400, "Invalid input for query parameters changes-since. "),
        ("name=%00", 1, 400, "Invalid input for query parameters name. "),
        ("unknown=1", 75, 400, "The query parameter 'unknown' is not known."),
    ],
)
def test_an_invalid_query_is_refused(query: str, minor: int, status: int, message: str) -> None:
    with pytest.raises(Fault) as raised:
        parse(query, MEMBER, minor)
    assert raised.value.status == status
    assert raised.value.message.startswith(message)


def test_an_admin_finds_no_deleted_servers() -> None:
    assert found("status=deleted", ADMIN) == []


@pytest.mark.parametrize("query", ["", "limit=5000", "limit=" + "9" * 5000])
def test_a_page_has_a_largest_size(query: str) -> None:
    assert parse(query).query.limit == MAX_LIMIT


@pytest.mark.parametrize(("limit", "number"), [("0", 0), ("007", 7), ("5%0A", 5)])
def test_a_limit_is_digits_that_a_newline_may_follow(limit: str, number: int) -> None:
    assert parse(f"limit={limit}").query.limit == number


def test_the_next_link_repeats_all_parameters() -> None:
    parsed = parse("limit=1&name=web&unknown=1")
    assert parsed.parameters == (("limit", "1"), ("name", "web"), ("unknown", "1"))
