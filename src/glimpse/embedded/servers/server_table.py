"""ServerTable: stores servers in an SQLite file that all processes of a machine share."""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson

from glimpse.files.syncing import sqlite_synchronous
from glimpse.images.errors import Unavailable
from glimpse.servers.errors import ServerNotFound, TooManyServers
from glimpse.servers.server import Flavor, Inheritance, Server, Snapshot
from glimpse.telemetry.throttled_log import ThrottledErrorLog

SERVERS_FILE = "servers.sqlite"  # in the state directory
_BUSY_SECONDS = 5.0
_TABLE = """
CREATE TABLE IF NOT EXISTS servers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    document TEXT NOT NULL
)
"""
# Images of unfinished snapshots whose servers were deleted: these images will be deleted, too.
_LEFT_SNAPSHOTS = """
CREATE TABLE IF NOT EXISTS left_snapshots (
    image_id TEXT PRIMARY KEY,
    server_id TEXT NOT NULL
) WITHOUT ROWID
"""
_log_error = ThrottledErrorLog(logging.getLogger(__name__))


class ServerTable:
    """Stores the servers of a state directory. Methods block, and any thread may call them.

    Any method except `exists` raises Unavailable if the file cannot be read or written. A write is
    on the disk when its method returns, except if syncing is off for the state directory
    (`files.syncing`).
    """

    def __init__(self, state_dir: Path) -> None:
        """Open the file in `state_dir`; create the file and its tables if they do not exist.

        Raises Unavailable if that fails.
        """
        self._path = state_dir / SERVERS_FILE
        with self._transaction() as database:
            database.execute(_TABLE)
            database.execute(_LEFT_SNAPSHOTS)

    @staticmethod
    def exists(state_dir: Path) -> bool:
        """Return True if `state_dir` has the file of servers. Does not create the file."""
        return (state_dir / SERVERS_FILE).exists()

    def list(self, project_id: str | None) -> Sequence[Server]:
        """Return the servers of a project, the newest first; empty if there are none.

        Of servers with the same creation date, the one stored last comes first. If `project_id` is
        None, returns the servers of all projects.
        """
        condition = "" if project_id is None else "WHERE project_id = ?"
        with self._transaction() as database:
            rows = database.execute(
                f"SELECT document FROM servers {condition} "  # noqa: S608  a literal
                "ORDER BY created_at DESC, number DESC",
                () if project_id is None else (project_id,),
            ).fetchall()
        return [_parse(document) for (document,) in rows]

    def get(self, server_id: str) -> Server:
        """Return the server with this id. Raises ServerNotFound if no server has the id."""
        with self._transaction() as database:
            return _find(database, server_id)

    def add(self, server: Server, limit: int) -> None:
        """Add a server, whose id must be new.

        Raises TooManyServers if the project already has `limit` servers.
        """
        with self._transaction() as database:
            query = "SELECT count(*) FROM servers WHERE project_id = ?"
            (count,) = database.execute(query, (server.project_id,)).fetchone()
            if count >= limit:
                raise TooManyServers(limit)
            _insert(database, server)

    def put(self, servers: Sequence[Server]) -> None:
        """Store servers: all of them or none.

        Each server replaces the stored server with the same id. If several `servers` have the same
        id, the last one is stored.
        """
        with self._transaction() as database:
            for server in servers:
                database.execute("DELETE FROM servers WHERE id = ?", (server.id,))
                _insert(database, server)

    def update(self, server_id: str, change: Callable[[Server], Server]) -> Server:
        """Store, and return, what `change` returns for a server, in one atomic write.

        `change` must keep the id, the project and ``created_at``, and must not use the table.
        Raises ServerNotFound if no server has the id. Raises what `change` raises. After an error,
        nothing has changed.
        """
        with self._transaction() as database:
            server = change(_find(database, server_id))
            _update(database, server)
        return server

    def delete(self, server_id: str) -> None:
        """Delete a server. Raises ServerNotFound if no server has the id.

        If a snapshot of the server is unfinished, `find_snapshot` still returns the server's id for
        the snapshot's image.
        """
        with self._transaction() as database:
            server = _find(database, server_id)
            database.execute("DELETE FROM servers WHERE id = ?", (server_id,))
            if server.snapshot is not None:
                database.execute(
                    "INSERT OR REPLACE INTO left_snapshots (image_id, server_id) VALUES (?, ?)",
                    (server.snapshot.image_id, server_id),
                )

    def find_snapshot(self, image_id: str) -> str | None:
        """Return the id of the server of which the image `image_id` is the unfinished snapshot.

        The server may have been deleted. Returns None if the image is no unfinished snapshot.
        """
        for server in self.list(None):
            if _is_making(server, image_id):
                return server.id
        with self._transaction() as database:
            row = database.execute(
                "SELECT server_id FROM left_snapshots WHERE image_id = ?", (image_id,)
            ).fetchone()
        return row[0] if row is not None else None

    def end_snapshot(self, server_id: str, image_id: str, now: str) -> None:
        """Record that the snapshot of a server has ended; the server is updated at `now`.

        The server may have been deleted. Does nothing if the image is no unfinished snapshot of the
        server.
        """
        with self._transaction() as database:
            database.execute("DELETE FROM left_snapshots WHERE image_id = ?", (image_id,))
            with contextlib.suppress(ServerNotFound):
                server = _find(database, server_id)
                if _is_making(server, image_id):
                    _update(database, replace(server, snapshot=None, updated_at=now))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a connection and run the block in a transaction; an error of the block undoes it.

        Waits at most five seconds until another transaction has ended. If SQLite raises an error,
        logs the error, at most once a minute, and raises Unavailable. Other errors of the block are
        raised as they are.
        """
        try:
            with closing(
                sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            ) as database:
                database.execute(f"PRAGMA synchronous = {sqlite_synchronous(self._path.parent)}")
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
        except sqlite3.Error as error:
            _log_error("servers are unavailable: %s cannot be used: %s", self._path, error)
            raise Unavailable("Servers cannot be read or written.") from None


def _find(database: sqlite3.Connection, server_id: str) -> Server:
    row = database.execute("SELECT document FROM servers WHERE id = ?", (server_id,)).fetchone()
    if row is None:
        raise ServerNotFound(server_id)
    return _parse(row[0])


def _insert(database: sqlite3.Connection, server: Server) -> None:
    database.execute(
        "INSERT INTO servers (id, project_id, created_at, document) VALUES (?, ?, ?, ?)",
        (server.id, server.project_id, server.created_at, _render(server)),
    )


def _update(database: sqlite3.Connection, server: Server) -> None:
    database.execute("UPDATE servers SET document = ? WHERE id = ?", (_render(server), server.id))


def _is_making(server: Server, image_id: str) -> bool:
    return server.snapshot is not None and server.snapshot.image_id == image_id


def _render(server: Server) -> bytes:
    return orjson.dumps(asdict(server))


def _parse(document: str | bytes) -> Server:
    fields: dict[str, Any] = orjson.loads(document)
    fields["flavor"] = Flavor(**fields["flavor"])
    fields["inheritance"] = Inheritance(**fields["inheritance"])
    fields["tags"] = tuple(fields["tags"])
    if fields["snapshot"] is not None:
        fields["snapshot"] = Snapshot(**fields["snapshot"])
    return Server(**fields)
