"""Fixtures: a server that may download from 127.0.0.1, and servers to download from."""

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.image_api.conftest import MEBIBYTE
from tests.image_api.imports.import_api import HELLO, ImportApi
from tests.support.process import ServerProcess, free_port, wait_until
from tests.support.scripted_server import ScriptedServer


@contextmanager
def serving(directory: Path, **options: str) -> Iterator[ImportApi]:
    """Run a server that may download from 127.0.0.1; `options` are those of [import]."""
    port = free_port()
    command = [sys.executable, "-m", "tests.image_api.server", str(port), str(directory)]
    given = {"allowed_networks": "127.0.0.1", "allowed_ports": "", **options}
    environment = {f"OS_IMPORT__{name.upper()}": value for name, value in given.items()}
    environment["OS_EMBEDDED__IMAGE_SIZE_CAP"] = str(4 * MEBIBYTE)
    log = directory / "server.log"
    with ServerProcess(command, port, log, environment=environment) as process:
        yield ImportApi(process)
        files = [directory / "staging", directory / "uploads"]
        wait_until(
            lambda: not [path for each in files for path in each.iterdir()], "no file to be left"
        )
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def import_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImportApi]:
    limits = {"max_running": "2", "max_waiting": "2", "project_share": "100"}
    with serving(tmp_path_factory.mktemp("images"), **limits) as api:
        yield api


@pytest.fixture
def source() -> Iterator[ScriptedServer]:
    with ScriptedServer(lambda _: (HELLO,)) as server:
        yield server


@pytest.fixture
def slow_source() -> Iterator[ScriptedServer]:
    """A server that sends the beginning of its data, and the end when the test is over."""
    stop = threading.Event()

    def respond(_: str) -> Iterable[bytes]:
        yield HELLO.replace(b": 5", b": 6")
        while not stop.wait(0.05):
            yield b""

    with ScriptedServer(respond) as server:
        try:
            yield server
        finally:
            stop.set()
