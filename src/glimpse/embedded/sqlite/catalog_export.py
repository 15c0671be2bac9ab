"""CatalogExport: read all images of a catalog with their members, as at one moment."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from glimpse.embedded.catalog import Members
from glimpse.embedded.sqlite.connection import closed_on_failure
from glimpse.embedded.sqlite.image_reader import COLUMNS, ImageReader
from glimpse.embedded.sqlite.row_validation import is_valid_image, text_or_bytes
from glimpse.embedded.sqlite.schema import UnusableCatalog, catalog_exists, read_version
from glimpse.images import Image


class CatalogExport:
    """Iterable of all images of a catalog with their members, the oldest rows first.

    The export includes killed and deleted images, which no list shows. Other processes may write
    meanwhile; the export does not have their changes. The catalog may have any released schema, and
    is not migrated.

    `count` is the number of rows, valid or not. Invalid rows are logged and left out; `left_out` is
    the number of invalid rows that iteration has met. The caller iterates once, and then closes the
    export with `close`.
    """

    def __init__(self, path: Path) -> None:
        """Open the catalog. The export has the images that the catalog has at this moment.

        Raises UnusableCatalog if the file is missing, cannot be read, or has no schema. Raises
        NewerSchema, a subclass, if the schema is newer than this Glimpse.
        """
        if not catalog_exists(path):
            raise UnusableCatalog(f"There is no catalog {path}.")
        self.left_out = 0
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=30
            )
            with closed_on_failure(self._connection):
                self.count = self._begin()
        except sqlite3.Error as error:
            raise UnusableCatalog(f"The catalog {path} cannot be opened: {error}.") from None
        self._connection.text_factory = text_or_bytes
        self._reader = ImageReader(self._connection)

    def _begin(self) -> int:
        """Begin the transaction of all reads; return the number of rows of images.

        The caller closes the connection after an error. Raises NewerSchema if the schema is newer
        than this Glimpse. Raises sqlite3.Error if the file cannot be read or has no schema yet.
        """
        self._connection.execute("PRAGMA query_only = ON")
        self._connection.execute("BEGIN")
        read_version(self._connection)
        (count,) = self._connection.execute("SELECT count(*) FROM images").fetchone()
        return int(count)

    def __iter__(self) -> Iterator[tuple[Image, Members]]:
        """Yield each valid image, and the statuses of its members by project id.

        The oldest rows come first. Logs an invalid row, and counts it in `left_out`. Raises
        sqlite3.Error if the file cannot be read.
        """
        rows = self._connection.execute(f"SELECT {COLUMNS} FROM images ORDER BY number")
        for row in rows:
            image = Image._make(row)
            if is_valid_image(image):
                yield image, self._reader.member_statuses(image.id)
            else:
                self.left_out += 1

    def close(self) -> None:
        """Close the catalog's file. A second call does nothing."""
        self._connection.close()
