"""ReadyFile: the file with the URLs of ``glimpse serve``."""

import os
from pathlib import Path

import pytest

from glimpse.cli.errors import CommandFailed
from glimpse.cli.ready_file import ReadyFile
from glimpse.server.listening_socket import listen
from glimpse.settings import load_settings
from tests.support.process import free_port
from tests.support.ready_process import ReadyProcess


def test_without_a_started_server_there_is_no_ready_file(tmp_path: Path) -> None:
    settings = load_settings(overrides={"api.auth_strategy": "noauth"})
    path = tmp_path / "ready.json"
    path.write_text("of a process that was killed")
    with listen("127.0.0.1", 0) as listener, ReadyFile(path, settings, [listener]):
        assert not path.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_hidden_file_of_a_killed_process_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(overrides={"api.auth_strategy": "noauth"})
    path = tmp_path / "ready.json"
    with listen("127.0.0.1", 0) as listener:
        ReadyFile(path, settings, [listener]).__enter__()  # the process is killed
        assert len(list(tmp_path.iterdir())) == 1
        monkeypatch.setattr(os, "getpid", lambda: 1)
        with ReadyFile(path, settings, [listener]):
            pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("directory", ["/proc", "ready.json"])
def test_a_ready_file_that_cannot_be_written_is_found_before_serving(
    tmp_path: Path, directory: str
) -> None:
    """Files cannot be made in /proc, or in place of a directory."""
    settings = load_settings(overrides={"api.auth_strategy": "noauth"})
    path = tmp_path / directory / "ready.json"
    if not path.parent.exists():
        path.mkdir(parents=True)
    with (
        listen("127.0.0.1", 0) as listener,
        pytest.raises(CommandFailed, match=r"cannot write the ready file /.*/ready\.json: "),
        ReadyFile(path, settings, [listener]),
    ):
        pass


def test_the_ready_file_names_the_ports_of_the_apis(tmp_path: Path) -> None:
    image_port, identity_port = free_port(), free_port()
    config = tmp_path / "glimpse.conf"
    config.write_text(f"[glimpse]\nimage_port = {image_port}\nidentity_port = {identity_port}\n")
    port = free_port()
    arguments = ["--config-file", str(config), "--port", str(port)]
    with ReadyProcess(tmp_path, *arguments) as process:
        document = process.document
        assert document["compute"] == f"http://127.0.0.1:{port}/v2.1"
        assert document["image"] == f"http://127.0.0.1:{image_port}"
        assert document["identity"] == f"http://127.0.0.1:{identity_port}/v3"
