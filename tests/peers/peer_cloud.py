"""PeerCloud: a real Keystone and a real Glance on free ports, with SQLite and files.

Glance may have another database (see `glance_databases`).

    with PeerCloud.start(directory) as peers:
        peers.add_members([Member("demo", uuid4().hex)])

Run `python -m tests.peers.install` first. All files, also the logs, are in `directory`.
"""

import base64
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from tests.peers.configuration import (
    OPERATOR,
    REGION,
    SERVICE_PROJECT,
    SERVICE_USERS,
    glance_conf,
    gunicorn_conf,
    import_filtering,
    keystone_conf,
)
from tests.peers.glance_databases import GlanceDatabase, TableWriter
from tests.peers.identity_client import IdentityClient
from tests.peers.install import ENVIRONMENT, PROGRAMS
from tests.support.cloud import PASSWORD, Member
from tests.support.http import request
from tests.support.process import ServerProcess, free_port

_READY_SECONDS = 60.0  # far more than a start takes; only a test that fails waits for so long


class PeerCloud:
    """A Keystone and a Glance. `compute_port` is the port of Compute in their catalog."""

    def __init__(
        self, directory: Path, *, workers: int, threads: int, database: GlanceDatabase | None
    ) -> None:
        """Write the files of the services; `start` runs them."""
        self.directory = directory
        self._glance_database = database
        self.compute_port = free_port()
        self.keystone = _service(directory, "keystone", workers, threads)
        self.glance = _service(directory, "glance", workers, threads)
        self.identity = IdentityClient(self.identity_url)

    @property
    def identity_url(self) -> str:
        """The URL of Keystone, without ``/v3``."""
        return self.keystone.base_url

    @property
    def image_url(self) -> str:
        """The URL of Glance, without ``/v2``."""
        return self.glance.base_url

    @property
    def compute_url(self) -> str:
        """The URL of Compute in the catalog, without a version."""
        return f"http://127.0.0.1:{self.compute_port}"

    @property
    def glance_conf(self) -> Path:
        """The file glance-api.conf."""
        return self.directory / "glance" / "glance-api.conf"

    @classmethod
    @contextmanager
    def start(
        cls,
        directory: Path,
        *,
        workers: int = 1,
        threads: int = 8,
        token_seconds: int = 3600,
        downloads: int | None = None,
        database: GlanceDatabase | None = None,
        glance_options: str = "",
    ) -> Iterator[Self]:
        """Run both services in an empty or new `directory`.

        Each has `workers` processes, with `threads` each. On SQLite, a service responds 500 when a
        transaction has read, and another one writes before it does. With one process and thread
        this can happen only while Glance runs a task in the background.

        Tokens expire after `token_seconds`. Glance may download images from the port `downloads`
        of this host. Its images are in `database`; None for SQLite. `glance_options` are sections
        that are added to glance-api.conf.
        """
        if not (ENVIRONMENT / "installed.txt").exists():
            raise RuntimeError("Run `python -m tests.peers.install` first.")
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        cloud = cls(directory, workers=workers, threads=threads, database=database)
        cloud._configure(token_seconds, downloads, glance_options)
        cloud._make_databases()
        with ExitStack() as running:
            for service in (cloud.keystone, cloud.glance):
                running.enter_context(service)
            cloud.wait_for_keystone()
            cloud._register()
            _wait(cloud.glance, "/healthcheck")
            yield cloud

    def _configure(self, token_seconds: int, downloads: int | None, glance_options: str) -> None:
        keys = self.directory / "keys"
        keys.mkdir(mode=0o700)
        for number in range(2):
            key = base64.urlsafe_b64encode(os.urandom(32))
            (keys / str(number)).write_bytes(key)
        for name in ("images", "staging", "tasks", "lock"):
            (self.directory / name).mkdir()
        paste = ENVIRONMENT / "etc" / "glance" / "glance-api-paste.ini"
        database = self._glance_database
        database_url = database.url if database else f"sqlite:///{self.directory}/glance.db"
        glance = glance_conf(self.directory, self.identity_url, self.image_url, paste, database_url)
        if downloads is not None:
            glance += import_filtering(downloads)
        self.glance_conf.write_text(f"{glance}{glance_options}\n")
        keystone = keystone_conf(self.directory, token_seconds)
        (self.directory / "keystone" / "keystone.conf").write_text(keystone)

    def _make_databases(self) -> None:
        """Create the databases at the same time: loading the programs takes most of the time."""
        with ThreadPoolExecutor() as threads:
            if self._glance_database is None:
                synced = threads.submit(self._make_sqlite, "glance", self._sync_glance)
            else:
                synced = threads.submit(self._sync_glance)
            self._make_sqlite("keystone", self._bootstrap_keystone)
            synced.result()
        with self._sqlite("keystone") as connection:
            connection.execute("UPDATE endpoint SET url = ?", (f"{self.identity_url}/v3",))

    def _make_sqlite(self, name: str, create: Callable[[], None]) -> None:
        """Create the SQLite database of a service; from the second one on, copy the first."""
        path = self.directory / f"{name}.db"
        if name in _new_databases:
            path.write_bytes(_new_databases[name])
        else:
            create()
            _new_databases[name] = path.read_bytes()
        with self._sqlite(name) as connection:
            connection.execute("PRAGMA journal_mode = WAL")

    def _sync_glance(self) -> None:
        _manage("glance-manage", self.directory / "glance", "db_sync")

    def _bootstrap_keystone(self) -> None:
        """Create Keystone's database, with the operator and Keystone's own endpoints."""
        config_dir = self.directory / "keystone"
        _manage("keystone-manage", config_dir, "db_sync")
        _manage(
            "keystone-manage",
            config_dir,
            "bootstrap",
            f"--bootstrap-username={OPERATOR}",
            f"--bootstrap-password={PASSWORD}",
            f"--bootstrap-project-name={OPERATOR}",
            f"--bootstrap-region-id={REGION}",
            *(f"--bootstrap-{kind}-url={self.identity_url}/v3" for kind in _INTERFACES),
        )

    def _register(self) -> None:
        """Create the users of the services in Keystone, and add the services to the catalog."""
        self.identity.create_project(SERVICE_PROJECT)
        for user in SERVICE_USERS:
            self.identity.create_user(user, SERVICE_PROJECT, ("service",))
        self.identity.create_service("image", "glance", self.image_url)
        self.identity.create_service("compute", "nova", f"{self.compute_url}/v2.1")

    @contextmanager
    def glance_tables(self) -> Iterator[TableWriter | sqlite3.Connection]:
        """Open Glance's database; commit at the end."""
        if self._glance_database is not None:
            with self._glance_database.write() as tables:
                yield tables
            return
        with self._sqlite("glance") as connection:
            yield connection

    @contextmanager
    def _sqlite(self, name: str) -> Iterator[sqlite3.Connection]:
        """Open the SQLite database of a service; commit at the end."""
        connection = sqlite3.connect(self.directory / f"{name}.db", timeout=30)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def add_members(self, members: Iterable[Member]) -> None:
        """Create the projects and users of `members`, with PASSWORD, and grant their roles."""
        known = list(members)
        projects = {member.project_id: member.project_name or member.name for member in known}
        with self._sqlite("keystone") as connection:
            connection.executemany(
                "INSERT INTO project (id, name, description, extra, enabled, domain_id, parent_id,"
                " is_domain) VALUES (?, ?, '', '{}', 1, 'default', 'default', 0)",
                list(projects.items()),
            )
        for role in sorted({role for member in known for role in member.roles}):
            self.identity.create_role(role)
        for member in known:
            self.identity.create_user(member.name, projects[member.project_id], member.roles)
            for role in member.system_roles:
                self.identity.grant_system_role(member.name, role)

    def wait_for_keystone(self) -> None:
        """Wait until Keystone responds."""
        _wait(self.keystone, "/v3")


_INTERFACES = ("public", "internal", "admin")
# SQLite databases without users or images, by service. Their making takes some ten seconds.
_new_databases: dict[str, bytes] = {}


def _service(directory: Path, name: str, workers: int, threads: int) -> ServerProcess:
    """Return the process of a WSGI service whose configuration is in ``directory/name``."""
    config_dir = directory / name
    config_dir.mkdir(parents=True)
    port = free_port()
    conf = gunicorn_conf(f"{name}.wsgi.api:application", port, workers, threads)
    (config_dir / "gunicorn.conf.py").write_text(conf)
    environment = {f"OS_{name.upper()}_CONFIG_DIR": str(config_dir)}
    program = [str(PROGRAMS / "gunicorn")]
    log = directory / f"{name}-gunicorn.log"
    return ServerProcess(program, port, log, environment=environment, directory=config_dir)


def _manage(program: str, config_dir: Path, *arguments: str) -> None:
    done = subprocess.run(
        [str(PROGRAMS / program), "--config-dir", str(config_dir), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"{program} {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def _wait(service: ServerProcess, path: str) -> None:
    """Wait until GET `path` is 200. The first request loads the application, which takes long."""
    deadline = time.monotonic() + _READY_SECONDS
    result: Any = None
    while time.monotonic() < deadline:
        try:
            result = request(service.address, "GET", path)
        except (OSError, ValueError) as error:
            result = error
        else:
            if result.status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"GET {path} failed: {result}\n{service.log.read_text()}")
