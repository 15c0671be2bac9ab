"""The table keeps servers in order, changes them atomically, and reports a broken file."""

from pathlib import Path

import pytest

from glimpse.embedded.servers.server_table import SERVERS_FILE, ServerTable
from glimpse.images.errors import Unavailable
from glimpse.servers.errors import ServerNotFound, TooManyServers
from glimpse.servers.server import Flavor, Inheritance, Server, Snapshot
from tests.support.servers import make_server

FULL = make_server(
    flavor=Flavor("big", 8, 4096, 80),
    metadata={"a": "b"},
    key_name="key",
    description="text",
    tags=("x", "y"),
    inheritance=Inheritance({"os_distro": "debian"}, 512, 80),
    snapshot=Snapshot("an image"),
)


@pytest.fixture
def table(tmp_path: Path) -> ServerTable:
    return ServerTable(tmp_path)


def test_a_state_directory_has_servers_once_its_table_was_opened(tmp_path: Path) -> None:
    assert not ServerTable.exists(tmp_path)
    ServerTable(tmp_path)
    assert ServerTable.exists(tmp_path)


def test_a_server_is_read_as_it_was_stored(table: ServerTable, tmp_path: Path) -> None:
    table.put([FULL])
    assert table.get(FULL.id) == FULL
    assert ServerTable(tmp_path).list("owner") == [FULL]


def test_servers_are_listed_newest_first_by_project(table: ServerTable) -> None:
    old = make_server(created_at="2023-01-01T00:00:00Z")
    first, second = make_server(), make_server()
    other = make_server(project_id="other", created_at="2025-01-01T00:00:00Z")
    table.put([first, old, second, other])
    assert table.list("owner") == [second, first, old]
    assert table.list(None) == [other, second, first, old]


def test_put_replaces_a_server_with_the_same_id(table: ServerTable) -> None:
    server = make_server(name="before")
    table.put([server])
    changed = make_server(id=server.id, name="after")
    table.put([changed])
    assert table.list("owner") == [changed]


def test_a_project_has_a_limited_number_of_servers(table: ServerTable) -> None:
    table.add(make_server(project_id="other"), 1)
    table.add(make_server(), 1)
    with pytest.raises(TooManyServers, match="already used 1 of 1 instances"):
        table.add(make_server(), 1)


def test_a_change_that_raises_leaves_the_server_as_it_is(table: ServerTable) -> None:
    table.put([FULL])

    def refuse(_server: Server) -> Server:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        table.update(FULL.id, refuse)
    assert table.get(FULL.id) == FULL


def test_a_deleted_server_is_not_found(table: ServerTable) -> None:
    table.put([FULL])
    table.delete(FULL.id)
    with pytest.raises(ServerNotFound, match=f"Instance {FULL.id} could not be found."):
        table.delete(FULL.id)
    with pytest.raises(ServerNotFound):
        table.get(FULL.id)
    with pytest.raises(ServerNotFound):
        table.update(FULL.id, lambda server: server)


def test_an_unfinished_snapshot_leads_to_its_server(table: ServerTable) -> None:
    table.put([FULL, make_server()])
    assert table.find_snapshot("an image") == FULL.id
    assert table.find_snapshot("another") is None
    table.end_snapshot(FULL.id, "another", "2024-03-01T00:00:00Z")
    assert table.get(FULL.id) == FULL
    table.end_snapshot(FULL.id, "an image", "2024-03-01T00:00:00Z")
    assert table.find_snapshot("an image") is None
    ended = table.get(FULL.id)
    assert (ended.snapshot, ended.updated_at) == (None, "2024-03-01T00:00:00Z")


def test_an_unfinished_snapshot_of_a_deleted_server_is_found_until_its_end(
    table: ServerTable,
) -> None:
    table.put([FULL])
    table.delete(FULL.id)
    assert table.find_snapshot("an image") == FULL.id
    table.end_snapshot(FULL.id, "an image", "2024-03-01T00:00:00Z")
    assert table.find_snapshot("an image") is None


def test_a_broken_file_makes_servers_unavailable(tmp_path: Path) -> None:
    (tmp_path / SERVERS_FILE).write_bytes(b"no database" * 100)
    with pytest.raises(Unavailable, match="Servers cannot be read"):
        ServerTable(tmp_path)
