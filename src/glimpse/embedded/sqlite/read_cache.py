"""ReadCache: cache images and steps of lists until the catalog changes."""

import sqlite3
from collections.abc import Hashable

from glimpse.embedded.sqlite.list_step import ListingPosition, ListStep
from glimpse.images import Image

# The most characters of cached images: some 12,000 usual images, or 16 of the largest. A character
# takes from one to four bytes. _CHARACTERS_OF_AN_IMAGE is for attributes other than properties and
# tags.
_MAX_CHARACTERS = 16_000_000
_CHARACTERS_OF_AN_IMAGE = 1000
_MAX_STEPS = 1000
_MAX_KEY_LENGTH = 1500  # characters of the key of a cached step: 1.5 MB for all of them


class ReadCache:
    """The cache of one connection: `images` by row number, and `steps` of lists by parameters.

    Call `refresh` before each use, so that the cache is as new as the catalog. The connection
    itself must not write, because `refresh` notices only writes of other connections. The cache is
    useful because clients poll the same pages, and reading a page takes half of the time of a
    request.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.images: dict[int, Image] = {}
        self.steps: dict[Hashable, ListStep[ListingPosition]] = {}
        self._connection = connection
        self._version = 0
        self._characters = 0

    def refresh(self) -> None:
        """Empty the cache if another connection has committed a change, or if the cache is full.

        The cache is full if its images have more than 16,000,000 characters. Raises sqlite3.Error
        if the file cannot be read.
        """
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version or self._characters > _MAX_CHARACTERS:
            self._version = version
            self._characters = 0
            self.images.clear()
            self.steps.clear()

    def add_image(self, number: int, image: Image) -> None:
        """Cache an image by row number.

        The image must have been read after the last `refresh`, and must not be cached yet.
        """
        self.images[number] = image
        self._characters += (
            len(image.properties_json) + len(image.tags_json) + _CHARACTERS_OF_AN_IMAGE
        )

    def add_step(self, key: Hashable, step: ListStep[ListingPosition]) -> None:
        """Cache a step of a list by `key`, the parameters on which the step depends.

        Does nothing if ``str(key)`` has more than 1,500 characters. If 1,000 steps are already
        cached, removes all of them first.
        """
        if len(str(key)) > _MAX_KEY_LENGTH:
            return
        if len(self.steps) >= _MAX_STEPS:
            self.steps.clear()
        self.steps[key] = step
