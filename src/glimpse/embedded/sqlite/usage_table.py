"""UsageTable: the number and size of each project's images, updated by each write.

With this table, the transaction that adds an image also checks the project's quota. It does not
read the project's images, of which there may be a million.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from glimpse.embedded.usage import Usage, usage_of
from glimpse.images import Image


class UsageTable:
    """Reads and writes the table `usage`: how much the images of each project take.

    `recount` and `apply_changes` need a transaction, which the caller begins and commits. Methods
    raise sqlite3.Error if the file cannot be read or written.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, project_id: str | None) -> Usage:
        """Return the usage of a project; all numbers are 0 if the project has no images.

        For None, all numbers are 0, because only images with an owner are counted.
        """
        row = self._connection.execute(
            "SELECT images, size, staged, uploading FROM usage WHERE owner = ?", (project_id,)
        ).fetchone()
        return Usage() if row is None else Usage(*row)

    def recount(self, project_id: str | None) -> None:
        """Count the usage of a project again from all its images, and store the result.

        Call this method after a row that another program made invalid has been removed, because the
        numbers to subtract for such a row are not known. Does nothing for None.
        """
        query = "SELECT status, size FROM images WHERE owner = ?"
        rows = self._connection.execute(query, (project_id,)).fetchall()
        taken = (usage_of(str(status), size if type(size) is int else 0) for status, size in rows)
        totals = [sum(column) for column in zip(*taken, strict=True)] or Usage()
        self._connection.execute("DELETE FROM usage WHERE owner = ?", (project_id,))
        if project_id is not None:
            values = (project_id, *totals)
            self._connection.execute("INSERT INTO usage VALUES (?, ?, ?, ?, ?)", values)

    def apply_changes(self, removed: Iterable[Image], added: Iterable[Image]) -> None:
        """Add the images `added` to their projects' usage, and subtract the images `removed`.

        For an image that changes, `removed` has the old image, and `added` the new one. Images
        without an owner are not counted.
        """
        changes: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for images, sign in ((removed, -1), (added, 1)):
            for image in images:
                if image.owner is not None:
                    change = changes[image.owner]
                    for position, number in enumerate(usage_of(image.status, image.size)):
                        change[position] += sign * number
        self._connection.executemany(
            "INSERT INTO usage VALUES (?, ?, ?, ?, ?) ON CONFLICT (owner) DO UPDATE SET "
            "images = images + excluded.images, size = size + excluded.size, "
            "staged = staged + excluded.staged, uploading = uploading + excluded.uploading",
            [(owner, *change) for owner, change in changes.items() if any(change)],
        )
