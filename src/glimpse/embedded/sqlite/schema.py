"""Schema: opens the catalog's file, and migrates it by numbered steps.

The steps are SQL statements in one list. Alembic is not used: the catalog has three tables, only
SQLite reads the SQL, and importing a migration framework would slow each start (SQLAlchemy takes
0.3 s).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

CATALOG_FILE = "catalog.sqlite"  # in the state directory
STEPS = (
    """
    CREATE TABLE images (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name TEXT,
        status TEXT NOT NULL,
        visibility TEXT NOT NULL,
        owner TEXT,
        size INTEGER,
        virtual_size INTEGER,
        min_ram INTEGER NOT NULL,
        min_disk INTEGER NOT NULL,
        protected INTEGER NOT NULL,
        os_hidden INTEGER NOT NULL,
        disk_format TEXT,
        container_format TEXT,
        checksum TEXT,
        os_hash_algo TEXT,
        os_hash_value TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        tags TEXT NOT NULL,
        properties TEXT NOT NULL
    );
    CREATE TABLE members (
        image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
        member_id TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        PRIMARY KEY (image_id, member_id)
    ) WITHOUT ROWID;
    -- Which images a list may find, newest first: listing_index.py explains `key` and `position`.
    CREATE TABLE listing (
        key INTEGER NOT NULL,
        position INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (key, position, number)
    ) WITHOUT ROWID;
    """,
    "CREATE INDEX images_by_change ON images (updated_at)",  # for the filter changes-since
)


class UnusableCatalog(Exception):
    """The catalog cannot be opened or migrated; the message says why."""


class NewerSchema(UnusableCatalog):
    """The catalog was made by a newer Glimpse."""


class CatalogSummary(NamedTuple):
    """The schema version of a catalog (0: there is no catalog yet), and its number of images."""

    version: int
    images: int


def read_summary(path: Path) -> CatalogSummary:
    """Summarize the catalog without creating, migrating or changing it. Raises UnusableCatalog."""
    if not path.exists():
        return CatalogSummary(0, 0)
    if not os.access(path, os.W_OK):
        raise UnusableCatalog(f"The catalog {path} is not writable.")
    # Reading in WAL mode creates the files -wal and -shm and leaves them. Without a -wal file no
    # process has the catalog open, and immutable=1 reads it without these files.
    is_open = path.with_name(path.name + "-wal").exists()
    uri = f"{path.absolute().as_uri()}?mode=ro" + ("" if is_open else "&immutable=1")
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            version = _read_version(connection)
            images = 0
            if version:
                (images,) = connection.execute("SELECT count(*) FROM images").fetchone()
    except sqlite3.Error as error:
        raise UnusableCatalog(f"The catalog {path} cannot be opened: {error}.") from None
    return CatalogSummary(version, images)


def connect(path: Path) -> sqlite3.Connection:
    """Open the catalog; create or migrate it first if necessary. Raises UnusableCatalog."""
    try:
        connection = open_file(path)
        with _closed_on_failure(connection):
            migrate(connection)
    except sqlite3.Error as error:
        raise UnusableCatalog(f"The catalog {path} cannot be opened: {error}.") from None
    return connection


def open_file(path: Path) -> sqlite3.Connection:
    """Open a catalog that `connect` has migrated before. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        path, timeout=30, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    with _closed_on_failure(connection):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -16000")  # 16 MB a connection
        # Bytes that the write-ahead log keeps on the disk once its content is in the catalog.
        connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def migrate(connection: sqlite3.Connection) -> None:
    """Migrate a catalog to the schema of this version of Glimpse, in one transaction.

    Several processes may start at once: the first migrates, the others wait and then change
    nothing. Raises NewerSchema for a catalog with a newer schema, and changes nothing then.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _read_version(connection)
        for step in STEPS[version:]:
            for statement in step.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _read_version(connection: sqlite3.Connection) -> int:
    """Return the version of the catalog's schema. Raises NewerSchema."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise NewerSchema(
            f"The catalog has schema version {version}, this Glimpse knows {len(STEPS)}: "
            "it was made by a newer Glimpse. Nothing was changed."
        )
    return int(version)
