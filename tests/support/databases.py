"""etcd, MariaDB and PostgreSQL for tests: the real ones, each on a free port with nothing kept."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.process import ServerProcess, free_port

_POSTGRESQL = Path("/usr/lib/postgresql")  # Debian's


@contextmanager
def etcd(directory: Path) -> Iterator[ServerProcess]:
    """Start etcd; skips the test where it is not installed."""
    port, peers = free_port(), f"http://127.0.0.1:{free_port()}"
    command = [_installed("etcd", "etcd-server"), "--data-dir", str(directory / "etcd")]
    for option in ("listen-client-urls", "advertise-client-urls"):
        command += [f"--{option}", f"http://127.0.0.1:{port}"]
    command += ["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers]
    command += ["--initial-cluster", f"default={peers}", "--unsafe-no-fsync"]
    with ServerProcess(command, port, directory / f"etcd-{port}.log") as process:
        yield process


@contextmanager
def mariadb(directory: Path) -> Iterator[ServerProcess]:
    """Start MariaDB, whose root needs no password; skips the test where it is not installed."""
    port, data = free_port(), directory / "mariadb"
    user = f"--user={'root' if os.geteuid() == 0 else os.environ.get('USER', '')}"
    # Two MariaDBs of a machine that start at once delete each other's files in a shared tmpdir.
    common = ["--no-defaults", f"--datadir={data}", f"--tmpdir={directory}", user]
    install = _installed("mariadb-install-db", "mariadb-server")
    _run([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"])
    command = [_installed("mariadbd", "mariadb-server"), *common, "--bind-address=127.0.0.1"]
    command += [f"--port={port}", f"--socket={data}/socket", f"--pid-file={data}/pid"]
    with ServerProcess(command, port, directory / f"mariadb-{port}.log") as process:
        yield process


@contextmanager
def postgresql(directory: Path) -> Iterator[ServerProcess]:
    """Start PostgreSQL, where postgres needs no password; skips the test where it is missing.

    It refuses to run as root: then it is Debian's user postgres, in a directory of its own.
    """
    programs = max(_POSTGRESQL.glob("*/bin"), default=_POSTGRESQL)
    initdb = _installed("initdb", "postgresql", programs)
    with tempfile.TemporaryDirectory() as data:
        sudo = []
        if os.geteuid() == 0:
            shutil.chown(data, "postgres")
            sudo = [_installed("setpriv", "util-linux"), "--reuid=postgres", "--init-groups"]
        options = ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        _run([*sudo, initdb, *options])
        port = free_port()
        command = [*sudo, str(programs / "postgres"), "-D", data, "-h", "127.0.0.1", "-F"]
        command += ["-p", str(port), "-k", data]
        log = directory / f"postgresql-{port}.log"
        with ServerProcess(command, port, log, directory=Path("/")) as process:
            yield process


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def _installed(command: str, package: str, where: Path | None = None) -> str:
    path = str(where) if where else f"{os.environ.get('PATH', '')}:/usr/sbin"
    found = shutil.which(command, path=path)
    if found is None:
        pytest.skip(f"{command} is not installed; on Debian: apt-get install {package}")
    return found
