"""Each role is permitted the operations on servers that the table of roles has."""

from collections.abc import Iterator

import pytest

from tests.acceptance.roles import CALLERS, UNSCOPED, Operation
from tests.acceptance.server_roles import (
    OPERATIONS,
    OPERATIONS_BY_NAME,
    CloudWithServers,
    expected_status,
    other_projects_server,
    start,
)

VERSIONS = ("/v2.1", "/v2")
OTHER = other_projects_server()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudWithServers]:
    with start(tmp_path_factory.mktemp("roles"), [OTHER]) as started:
        yield started


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
@pytest.mark.parametrize("caller", CALLERS)
def test_a_role_allows_the_operations_of_the_default_policy(
    caller: str, operation: Operation, cloud: CloudWithServers
) -> None:
    for version in VERSIONS:
        server_id = cloud.make_server()
        before = cloud.state(server_id)
        response = cloud.send(caller, operation, server_id, version=version)
        assert response.status == expected_status(operation, caller), str(response)
        if response.status == 403:
            assert response.fault == "forbidden", str(response)
            assert cloud.state(server_id) == before, (
                f"the refused operation had an effect: {response}"
            )


@pytest.mark.parametrize("name", ["show", "delete", "create image"])
@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller != "admin"])
def test_a_server_of_another_project_is_as_if_it_did_not_exist(
    caller: str, name: str, cloud: CloudWithServers
) -> None:
    before = cloud.state(OTHER.id)
    responses = [
        cloud.send(caller, OPERATIONS_BY_NAME[name], server_id)
        for server_id in (OTHER.id, OTHER.id[::-1])
    ]
    statuses = {response.status for response in responses}
    assert statuses == {403 if caller in UNSCOPED else 404}, "\n".join(map(str, responses))
    assert cloud.state(OTHER.id) == before


def test_an_admin_sees_and_snapshots_the_servers_of_other_projects(cloud: CloudWithServers) -> None:
    shown = cloud.send("admin", OPERATIONS_BY_NAME["show"], OTHER.id)
    assert shown.json()["server"]["OS-EXT-SRV-ATTR:host"], str(shown)
    response = cloud.send("admin", OPERATIONS_BY_NAME["create image"], OTHER.id)
    assert response.status == 202, str(response)


def test_only_an_admin_sees_on_which_host_a_server_is(cloud: CloudWithServers) -> None:
    server_id = cloud.make_server()
    for caller, is_shown in (("admin", True), ("member", False), ("reader", False)):
        document = cloud.send(caller, OPERATIONS_BY_NAME["show"], server_id).json()["server"]
        assert ("OS-EXT-SRV-ATTR:host" in document) == is_shown


def shown_servers(cloud: CloudWithServers, caller: str, name: str) -> set[str]:
    response = cloud.send(caller, OPERATIONS_BY_NAME[name])
    return {server["id"] for server in response.json()["servers"]}


@pytest.mark.parametrize("caller", ["admin", "member", "reader"])
def test_a_list_has_the_servers_of_the_project(caller: str, cloud: CloudWithServers) -> None:
    own = cloud.make_server()
    for name in ("list", "detail"):
        listed = shown_servers(cloud, caller, name)
        assert own in listed
        assert OTHER.id not in listed


@pytest.mark.parametrize("name", ["list of all projects", "detail of all projects"])
def test_an_admin_lists_the_servers_of_all_projects(name: str, cloud: CloudWithServers) -> None:
    own = cloud.make_server()
    assert shown_servers(cloud, "admin", name) >= {OTHER.id, own}
