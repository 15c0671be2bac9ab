"""Redis and memcached for tests: the real ones, each on a free port with nothing kept."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.process import ServerProcess, free_port


@contextmanager
def redis_server(directory: Path) -> Iterator[ServerProcess]:
    """Start Redis; skips the test where it is not installed."""
    port = free_port()
    command = [_installed("redis-server", "redis-server"), "--bind", "127.0.0.1"]
    command += ["--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(directory)]
    with ServerProcess(command, port, directory / f"redis-{port}.log") as process:
        yield process


@contextmanager
def memcached(directory: Path) -> Iterator[ServerProcess]:
    """Start memcached; skips the test where it is not installed."""
    port = free_port()
    command = [_installed("memcached", "memcached"), "-l", "127.0.0.1", "-p", str(port), "-U", "0"]
    command += ["-m", "16", "-u", "nobody"]  # the user matters only when root starts it
    with ServerProcess(command, port, directory / f"memcached-{port}.log") as process:
        yield process


def _installed(command: str, package: str) -> str:
    found = shutil.which(command)
    if found is None:
        pytest.skip(f"{command} is not installed; on Debian: apt-get install {package}")
    return found
