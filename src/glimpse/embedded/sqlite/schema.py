"""The schema of the catalog's file: create or migrate it, and read its version.

Each migration is one text of SQL statements in MIGRATIONS. A catalog's schema version is the number
of migrations that it has. Alembic is not used: there are few tables and one database, and importing
Alembic and SQLAlchemy would make each start 0.3 s longer.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from glimpse.embedded.sqlite.connection import closed_on_failure, open_connection

CATALOG_FILE = "catalog.sqlite"  # in the state directory
# To change the schema, add a migration at the end. Never change a released migration.
MIGRATIONS = (
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
    """
    CREATE TABLE tasks (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        status TEXT NOT NULL,
        owner TEXT,
        image_id TEXT,
        user_id TEXT,
        request_id TEXT,
        input TEXT NOT NULL,
        result TEXT NOT NULL,
        message TEXT NOT NULL,
        expires_at TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    );
    CREATE INDEX tasks_by_image ON tasks (image_id);
    CREATE INDEX tasks_by_owner ON tasks (owner, number);
    """,
    # What the images of each project take: usage.py says what counts.
    """
    CREATE TABLE usage (
        owner TEXT PRIMARY KEY,
        images INTEGER NOT NULL,
        size INTEGER NOT NULL,
        staged INTEGER NOT NULL,
        uploading INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO usage
        SELECT
            owner,
            count(*),
            sum(iif(status IN ('active', 'deactivated'), ifnull(min(size, 8796093022208), 0), 0)),
            sum(iif(status IN ('uploading', 'importing'), ifnull(min(size, 8796093022208), 0), 0)),
            sum(status IN ('saving', 'uploading', 'importing'))
        FROM images
        WHERE owner IS NOT NULL AND status NOT IN ('killed', 'deleted', 'pending_delete')
        GROUP BY owner;
    """,
)


class UnusableCatalog(Exception):
    """The catalog cannot be used.

    The catalog is missing or not writable, or cannot be opened or migrated. The message says why.
    """


class NewerSchema(UnusableCatalog):
    """The catalog's schema is newer than this Glimpse."""


class CatalogSummary(NamedTuple):
    """A catalog's schema version and its number of images; both 0 without a file or schema."""

    version: int
    images: int


def read_summary(path: Path) -> CatalogSummary:
    """Read a catalog's schema version and number of images. Does not change the catalog.

    Creates no file, unless a process uses the catalog or was killed: then SQLite may create the
    file ``-shm`` beside the catalog. Both numbers are 0 if there is no file, or if the file has no
    schema yet. Raises UnusableCatalog if the file cannot be read, or if this process may not write
    it. Raises NewerSchema, a subclass, if the schema is newer than this Glimpse.
    """
    if not catalog_exists(path):
        return CatalogSummary(0, 0)
    if not os.access(path, os.W_OK):
        raise UnusableCatalog(f"The catalog {path} is not writable.")
    # Reading in WAL mode creates the files -wal and -shm and leaves them. Without a -wal file no
    # process has the catalog open, and immutable=1 reads it without these files.
    is_open = path.with_name(path.name + "-wal").exists()
    uri = f"{path.absolute().as_uri()}?mode=ro" + ("" if is_open else "&immutable=1")
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            version = read_version(connection)
            images = 0
            if version:
                (images,) = connection.execute("SELECT count(*) FROM images").fetchone()
    except sqlite3.Error as error:
        raise UnusableCatalog(f"The catalog {path} cannot be opened: {error}.") from None
    return CatalogSummary(version, images)


def catalog_exists(path: Path) -> bool:
    """Return True if there is a file, or anything else, with the path of a catalog.

    Raises UnusableCatalog if the system cannot tell: for example, if this process may not search a
    directory of the path, or if a name is too long.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise UnusableCatalog(f"The catalog {path} cannot be opened: {error.strerror}.") from None
    return True


def open_and_migrate(path: Path) -> sqlite3.Connection:
    """Open the catalog; create the file or migrate its schema first if necessary.

    The caller closes the connection, which has the settings of `open_connection`. Raises
    UnusableCatalog if the file cannot be opened, created or migrated. Raises NewerSchema, a
    subclass, if the schema is newer than this Glimpse.
    """
    try:
        connection = open_connection(path)
        with closed_on_failure(connection):
            migrate(connection)
    except sqlite3.Error as error:
        raise UnusableCatalog(f"The catalog {path} cannot be opened: {error}.") from None
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Migrate the catalog to the newest schema that this Glimpse knows, in one transaction.

    The connection must not be in a transaction. If several processes start at once, the first
    process migrates. The other processes wait, and then find nothing to do. Raises NewerSchema if
    the schema is newer than this Glimpse. Raises sqlite3.Error if the migration fails, or if
    another process keeps the lock for 30 s. After an error, nothing has changed.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = read_version(connection)
        for migration in MIGRATIONS[version:]:
            for statement in migration.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def read_version(connection: sqlite3.Connection) -> int:
    """Return the version of the catalog's schema; 0 for a new file.

    Raises NewerSchema if this Glimpse does not know the version, and sqlite3.Error if the file
    cannot be read.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise NewerSchema(
            f"The catalog has schema version {version}, this Glimpse knows {len(MIGRATIONS)}: "
            "it was made by a newer Glimpse. Nothing was changed."
        )
    return int(version)
