"""``glimpse check``: its findings about addresses and the catalog."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from glimpse.cli.check import check
from glimpse.cli.check_embedded import check_embedded
from glimpse.cli.finding import Finding
from glimpse.embedded.sqlite.schema import MIGRATIONS, open_and_migrate
from glimpse.settings import load_settings
from tests.support.process import free_port


def findings(tmp_path: Path, text: str) -> list[Finding]:
    """Return the findings about addresses with this configuration."""
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[glimpse]\nstate_dir = {tmp_path / 'state'}\n{text}")
    return [each for each in check(load_settings([conf])) if "listen on" in each.text]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_check_reports_if_an_address_is_free(tmp_path: Path, host: str) -> None:
    port = free_port()
    text = f"host = {host}\nport = {port}\n"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        taken = socket.create_server((host, port), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with taken:
        (finding,) = findings(tmp_path, text)
        assert finding.severity == "FAIL", finding
    (finding,) = findings(tmp_path, text)
    assert finding == ("ok", f"{host}:{port} is free to listen on")


def test_check_fails_if_a_configured_metrics_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = f"port = {free_port()}\n[metrics]\nport = {port}\n"
        verdicts = [finding.severity for finding in findings(tmp_path, text)]
    assert verdicts == ["ok", "FAIL"]


def contents(state: Path) -> dict[str, bytes]:
    """Return the files and their contents, but None for SQLite's file of locks."""
    return {
        file.name: b"" if file.name.endswith("-shm") else file.read_bytes()
        for file in state.iterdir()
    }


def catalog_finding(state: Path) -> Finding:
    """Return the finding about the catalog of a state directory; fail if a file changes."""
    before = contents(state)
    options = state.parent / "glimpse.conf"
    options.write_text(f"[glimpse]\nstate_dir = {state}\n")
    finding = next(iter(check_embedded(load_settings([options]))))
    assert contents(state) == before
    return finding


def test_check_does_not_create_a_catalog(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    finding = catalog_finding(state)
    assert finding == ("ok", "there is no catalog yet: serving would create it")


def test_check_does_not_migrate_a_catalog(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with closing(sqlite3.connect(state / "catalog.sqlite")) as connection:
        connection.executescript(
            MIGRATIONS[0] + "PRAGMA user_version = 1; PRAGMA journal_mode = WAL"
        )
    verdict, text = catalog_finding(state)
    assert verdict == "ok"
    assert (
        f"holds 0 images; serving would migrate it from schema version 1 to {len(MIGRATIONS)}"
        in text
    )


@pytest.mark.parametrize(
    ("text", "verdict", "message"),
    [
        ("", "ok", "by glance-direct, web-download"),
        ("methods = web-download", "ok", "by web-download"),
        ("methods =", "ok", "turned off"),
        ("allowed_networks = 10.0.0.0/8, ::1", "ok", "by glance-direct"),
        ("allowed_networks = example.org", "FAIL", "[import] allowed_networks"),
        ("allowed_hosts = example.org, 0x7f000001", "FAIL", "[import] allowed_hosts"),
        ("disallowed_hosts = [::1], Example.ORG.", "ok", "by glance-direct"),
        ("cafile = /nothing", "FAIL", "[import] cafile"),
    ],
)
def test_check_reports_the_options_of_imports(
    tmp_path: Path, text: str, verdict: str, message: str
) -> None:
    file = tmp_path / "glimpse.conf"
    file.write_text(f"[glimpse]\nstate_dir = {tmp_path / 'state'}\n[import]\n{text}\n")
    (tmp_path / "state").mkdir()
    finding = list(check_embedded(load_settings([file])))[1]
    assert finding.severity == verdict, finding
    assert message in finding.text, finding


def test_check_counts_the_images_of_a_catalog_in_use(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with closing(open_and_migrate(state / "catalog.sqlite")):
        assert catalog_finding(state) == ("ok", "the catalog opens and holds 0 images")
    assert catalog_finding(state) == ("ok", "the catalog opens and holds 0 images")


def test_check_fails_for_a_newer_schema_or_a_file_that_is_no_catalog(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with closing(sqlite3.connect(state / "catalog.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    finding = catalog_finding(state)
    assert finding.severity == "FAIL"
    assert "newer Glimpse" in finding.text
    (state / "catalog.sqlite").write_text("This is no catalog. " * 100)
    finding = catalog_finding(state)
    assert finding.severity == "FAIL"
    assert "cannot be opened" in finding.text
