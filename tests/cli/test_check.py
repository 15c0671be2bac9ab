"""What ``glimpse check`` finds of addresses: free, taken, or not this machine's."""

import socket
from pathlib import Path

import pytest

from glimpse.cli.check import check
from glimpse.cli.finding import Finding
from glimpse.settings import load_settings
from tests.support.process import free_port


def findings(tmp_path: Path, text: str) -> list[Finding]:
    """Those about addresses, with a configuration of this text."""
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[glimpse]\nstate_dir = {tmp_path / 'state'}\n{text}")
    return [each for each in check(load_settings([conf])) if "listen on" in each.text]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_check_says_whether_an_address_is_free(tmp_path: Path, host: str) -> None:
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
