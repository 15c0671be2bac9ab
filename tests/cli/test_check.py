"""``glimpse check``: its findings about addresses and the catalog."""

import json
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from glimpse.cli.check import check
from glimpse.cli.check_embedded import check_embedded
from glimpse.cli.finding import Finding
from glimpse.cli.main import main
from glimpse.embedded.sqlite.schema import MIGRATIONS, open_and_migrate
from glimpse.settings import load_settings
from tests.support.process import GlimpseProcess, free_port


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


GATEWAY = """
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = nova
password = secret
[glance]
api_servers = http://127.0.0.1:1
"""


@pytest.mark.parametrize("text", ["", GATEWAY])
def test_check_creates_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(text)
    state = tmp_path / "parent" / "state"
    main(["check", "--config-file", str(conf), "--state-dir", str(state), "--no-bind"])
    printed = capsys.readouterr().out
    assert f"ok    state is kept in {state}\n" in printed
    assert ("through files in" in printed) == bool(text), printed
    assert [file.name for file in tmp_path.iterdir()] == ["glimpse.conf"]


@pytest.mark.parametrize("text", ["", GATEWAY])
def test_check_fails_for_a_state_directory_that_cannot_be_made(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").touch()
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"{text}[glimpse]\nstate_dir = {tmp_path}/file/state\n")
    found = [each for each in check(load_settings([conf]), bind=False) if "no dir" in each.text]
    assert {each.severity for each in found} == {"FAIL"}
    assert len(found) == (2 if text else 1), found


def test_check_beside_a_running_process_names_it_and_need_not_listen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with GlimpseProcess(tmp_path / "state") as process:
        arguments = ["--state-dir", str(tmp_path / "state"), "--port", str(process.port)]
        assert main(["check", *arguments]) == 1
        printed = capsys.readouterr().out
        assert f"FAIL  cannot listen on 127.0.0.1:{process.port}" in printed
        assert f"note  process {process.pid} serves with this state directory" in printed
        assert main(["check", *arguments, "--no-bind"]) == 0
        printed = capsys.readouterr().out
        assert f"note  process {process.pid} serves with this state directory" in printed
        assert "listen" not in printed
        assert "--no-bind" not in printed


def test_check_prints_json_for_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    arguments = ["--state-dir", str(state), "--no-bind", "--json"]
    assert main(["check", *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert document["findings"][0] == {"severity": "ok", "text": f"state is kept in {state}"}
    (state / "catalog.sqlite").write_text("This is no catalog. " * 100)
    assert main(["check", *arguments]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert [each["severity"] for each in document["findings"]].count("FAIL") == 1


@pytest.mark.parametrize("prefix", ["cloud.example", "http://[::1", "http://:8774", "http://u@"])
def test_check_fails_for_a_link_prefix_with_which_no_server_starts(
    tmp_path: Path, prefix: str
) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(
        f"[glimpse]\nstate_dir = {tmp_path / 'state'}\n[api]\nglance_link_prefix = {prefix}\n"
    )
    failures = [
        each.text for each in check(load_settings([conf]), bind=False) if each.severity == "FAIL"
    ]
    assert failures == [
        f"[api] glance_link_prefix: {prefix!r} is no URL: a link prefix needs a scheme and a host."
    ]
