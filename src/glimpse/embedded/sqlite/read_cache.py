"""ReadCache: images and steps of lists that were read since the catalog last changed."""

import sqlite3
from collections.abc import Hashable

from glimpse.embedded.sqlite.list_step import ListingPosition, ListStep
from glimpse.images import Image

# Characters of cached images, with _CHARACTERS_OF_AN_IMAGE for the other attributes of each: some
# 12,000 usual images, or 16 of the largest. A character takes from one to four bytes.
_MOST_CHARACTERS = 16_000_000
_CHARACTERS_OF_AN_IMAGE = 1000
_MOST_STEPS = 1000
_LONGEST_KEY = 1500  # characters of the key of a cached step: 1.5 MB for all of them


class ReadCache:
    """Caches images by row number, and steps of lists by their parameters; per connection.

    A client that polls a page reads the same rows again; reading them takes half of the time of the
    request. `refresh` empties the cache if another connection has committed since the last call, so
    cached data is never older than the catalog was at the last call of `refresh`.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.images: dict[int, Image] = {}
        self.steps: dict[Hashable, ListStep[ListingPosition]] = {}
        self._connection = connection
        self._version = 0
        self._characters = 0

    def refresh(self) -> None:
        """Empty the cache if the catalog has changed or the cache is full. Call before use."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version or self._characters > _MOST_CHARACTERS:
            self._version = version
            self._characters = 0
            self.images.clear()
            self.steps.clear()

    def add_image(self, number: int, image: Image) -> None:
        """Cache an image that was read since the last `refresh`."""
        self.images[number] = image
        self._characters += (
            len(image.properties_json) + len(image.tags_json) + _CHARACTERS_OF_AN_IMAGE
        )

    def add_step(self, key: Hashable, step: ListStep[ListingPosition]) -> None:
        """Cache a step by the parameters that it depends on, unless these are very long."""
        if len(str(key)) > _LONGEST_KEY:
            return
        if len(self.steps) >= _MOST_STEPS:
            self.steps.clear()
        self.steps[key] = step
