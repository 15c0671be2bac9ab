"""``glimpse openrc`` and ``clouds`` name the address of the process that runs."""

import json
import os
from pathlib import Path

import pytest

from glimpse.cli.main import main
from glimpse.cli.running_servers import (
    RunningServer,
    find_running_server,
    record_running_server,
)
from glimpse.identity.embedded.identity_file import IdentityFile
from tests.support.process import GlimpseProcess, free_port

SERVER = RunningServer(os.getpid(), "127.0.0.1", 1234, None, 5678)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_openrc_and_clouds_find_the_ports_of_the_running_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: str
) -> None:
    state = ["--state-dir", str(tmp_path / "state")]
    with GlimpseProcess(tmp_path / "state", arguments=["--workers", workers]) as process:
        process.wait_until_served()
        url = f"http://127.0.0.1:{process.port}/identity/v3"
        for command in ("openrc", "clouds"):
            assert main([command, *state]) == 0
            assert url in capsys.readouterr().out
        assert main(["openrc", *state, "--port", "1234"]) == 0
        assert "http://127.0.0.1:1234/identity/v3" in capsys.readouterr().out
        assert find_running_server(tmp_path / "state") == (
            *(process.pid, "127.0.0.1", process.port, None, None),
        )
        assert process.stop() == 0
    assert list((tmp_path / "state" / "running").iterdir()) == []


def test_a_killed_process_is_not_found_and_the_next_one_removes_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with GlimpseProcess(tmp_path / "state") as process:
        process.wait_until_served()
        process.kill()
        assert find_running_server(tmp_path / "state") is None
        assert main(["openrc", "--state-dir", str(tmp_path / "state")]) == 0
        assert "http://127.0.0.1:8774/identity/v3" in capsys.readouterr().out
        process.start()
        process.wait_until_served()
        assert len(list((tmp_path / "state" / "running").iterdir())) == 1


def test_openrc_names_the_port_of_the_identity_api(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf = tmp_path / "glimpse.conf"
    port = free_port()
    conf.write_text(f"[glimpse]\nidentity_port = {port}\n")
    with GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)]) as process:
        process.wait_until_served()
        assert main(["openrc", "--state-dir", str(tmp_path / "state")]) == 0
    assert f"OS_AUTH_URL=http://127.0.0.1:{port}/v3\n" in capsys.readouterr().out


def test_of_several_processes_the_last_one_is_found(tmp_path: Path) -> None:
    with record_running_server(tmp_path, SERVER):
        with record_running_server(tmp_path, SERVER._replace(port=4321)):
            os.utime(newest(tmp_path), ns=(2**62, 2**62))
            assert find_running_server(tmp_path) == SERVER._replace(port=4321)
        assert find_running_server(tmp_path) == SERVER
    assert find_running_server(tmp_path) is None


def newest(state_dir: Path) -> Path:
    """Return the file with the port 4321."""
    files = (state_dir / "running").iterdir()
    return next(file for file in files if json.loads(file.read_text())["port"] == 4321)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"pid": 1, "address": "unix:/run/glimpse"}'])
def test_a_file_of_another_version_is_not_used(tmp_path: Path, content: bytes) -> None:
    with record_running_server(tmp_path, SERVER):
        next((tmp_path / "running").iterdir()).write_bytes(content)
        assert find_running_server(tmp_path) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_directory_that_cannot_be_read_is_no_error(tmp_path: Path) -> None:
    IdentityFile(tmp_path)
    tmp_path.chmod(0)
    assert find_running_server(tmp_path) is None
    tmp_path.chmod(0o700)
