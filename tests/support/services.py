"""Redis, memcached, etcd, MariaDB and PostgreSQL servers, each on a free port and empty."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.process import ServerProcess, free_port

_POSTGRESQL = Path("/usr/lib/postgresql")  # of the Debian package


@contextmanager
def redis_server(directory: Path) -> Iterator[ServerProcess]:
    """Run Redis; skip the test if it is not installed."""
    port = free_port()
    command = [_program("redis-server", "redis-server"), "--bind", "127.0.0.1"]
    command += ["--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(directory)]
    with ServerProcess(command, port, directory / f"redis-{port}.log") as process:
        yield process


@contextmanager
def memcached(directory: Path) -> Iterator[ServerProcess]:
    """Run memcached; skip the test if it is not installed."""
    port = free_port()
    command = [
        _program("memcached", "memcached"),
        "-l",
        "127.0.0.1",
        "-p",
        str(port),
        "-U",
        "0",
    ]
    command += ["-m", "16", "-u", "nobody"]  # -u is ignored unless root starts it
    with ServerProcess(command, port, directory / f"memcached-{port}.log") as process:
        yield process


@contextmanager
def etcd(directory: Path) -> Iterator[ServerProcess]:
    """Run etcd; skip the test if it is not installed."""
    port, peers = free_port(), f"http://127.0.0.1:{free_port()}"
    command = [_program("etcd", "etcd-server"), "--data-dir", str(directory / "etcd")]
    for option in ("listen-client-urls", "advertise-client-urls"):
        command += [f"--{option}", f"http://127.0.0.1:{port}"]
    command += ["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers]
    command += ["--initial-cluster", f"default={peers}", "--unsafe-no-fsync"]
    with ServerProcess(command, port, directory / f"etcd-{port}.log") as process:
        yield process


@contextmanager
def mariadb(directory: Path, *options: str) -> Iterator[ServerProcess]:
    """Run MariaDB, whose root has no password; skip the test if it is not installed."""
    port, data = free_port(), directory / "mariadb"
    user = f"--user={'root' if os.geteuid() == 0 else os.environ.get('USER', '')}"
    # Two MariaDBs that start at once would delete each other's files in a shared tmpdir.
    common = ["--no-defaults", f"--datadir={data}", f"--tmpdir={directory}", user]
    install = _program("mariadb-install-db", "mariadb-server")
    _run([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"])
    command = [_program("mariadbd", "mariadb-server"), *common, "--bind-address=127.0.0.1"]
    command += [f"--port={port}", f"--socket={data}/socket", f"--pid-file={data}/pid", *options]
    with ServerProcess(command, port, directory / f"mariadb-{port}.log") as process:
        yield process


class _PostgreSQLProcess(ServerProcess):
    """PostgreSQL, which refuses connections for a while after it has begun to listen."""

    def _listens(self) -> bool:
        program = max(_POSTGRESQL.glob("*/bin")) / "pg_isready"
        command = [str(program), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0


@contextmanager
def postgresql(directory: Path, *, primary: ServerProcess | None = None) -> Iterator[ServerProcess]:
    """Run PostgreSQL, whose user postgres has no password; skip the test without it.

    With `primary`, it is a replica of that server. PostgreSQL refuses to run as root. If root runs
    the tests, it runs as Debian's user postgres, with its data in a directory of that user.
    """
    programs = max(_POSTGRESQL.glob("*/bin"), default=_POSTGRESQL)
    initdb = _program("initdb", "postgresql", programs)
    with tempfile.TemporaryDirectory() as data:
        sudo = []
        if os.geteuid() == 0:
            shutil.chown(data, "postgres")
            sudo = [_program("setpriv", "util-linux"), "--reuid=postgres", "--init-groups"]
        make = [initdb, "-A", "trust", "--encoding=UTF8", "--locale=C"]
        if primary is not None:
            backup = _program("pg_basebackup", "postgresql-client", programs)
            make = [backup, "-h", "127.0.0.1", "-p", str(primary.port), "-R", "-c", "fast"]
        _run([*sudo, *make, "-D", data, "-U", "postgres", "--no-sync"])
        port = free_port()
        command = [*sudo, str(programs / "postgres"), "-D", data, "-h", "127.0.0.1", "-F"]
        command += ["-p", str(port), "-k", data]
        log = directory / f"postgresql-{port}.log"
        with _PostgreSQLProcess(command, port, log, directory=Path("/")) as process:
            yield process


def _run(command: Sequence[str]) -> None:
    """Run a command to its end; fail with its output unless it succeeds."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def _program(command: str, package: str, where: Path | None = None) -> str:
    """Return the path of a program in `where`, or else in PATH; skip the test without it."""
    path = str(where) if where else f"{os.environ.get('PATH', '')}:/usr/sbin"
    found = shutil.which(command, path=path)
    if found is None:
        pytest.skip(f"{command} is not installed; on Debian: apt-get install {package}")
    return found
