"""RecentImages: records that were read lately and have not changed since."""

import sqlite3

from glimpse.images import Image

_MOST_CHARACTERS = 4_000_000  # of stored JSON: some 12,000 usual images, 50 of the largest


class RecentImages(dict[int, Image]):
    """Images by number, true for one connection's snapshot of the catalog.

    Reading a row of twenty columns costs three times what finding it in the index does; a client
    that polls a page reads the same rows again. SQLite says when any other connection has
    committed: then everything is forgotten, so that nothing here is ever older than the snapshot.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._version = 0
        self._characters = 0

    def refresh(self) -> None:
        """Forget everything if the catalog changed. To be called inside the read transaction."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version or self._characters > _MOST_CHARACTERS:
            self.clear()
            self._version = version
            self._characters = 0

    def add(self, number: int, image: Image) -> None:
        """Keep an image of this snapshot."""
        self[number] = image
        self._characters += len(image.properties_json) + len(image.tags_json)
