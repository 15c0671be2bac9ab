"""ImageWriter: write image records and their rows of the listing index, in a transaction."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from glimpse.embedded.catalog import (
    Change,
    Member,
    MemberChange,
    MemberOrNone,
    Members,
    Record,
    RecordCheck,
    UsageCheck,
)
from glimpse.embedded.sqlite.image_reader import COLUMNS, ImageReader
from glimpse.embedded.sqlite.listing_index import keys_of, listing_rows, position_of
from glimpse.embedded.sqlite.row_validation import is_valid_image
from glimpse.embedded.sqlite.task_table import TaskTable
from glimpse.embedded.sqlite.usage_table import UsageTable
from glimpse.embedded.tasks import Task
from glimpse.images import Image
from glimpse.images.errors import Conflict, ImageNotFound

_PARAMETERS = ", ".join("?" * (COLUMNS.count(",") + 1))
_ASSIGNMENTS = ", ".join(f"{column} = ?" for column in COLUMNS.split(", "))
_ROWS_A_STATEMENT = 200  # of the listing: one statement for each row takes 1.5 times as long


class ImageWriter:
    """Writes images, their members and tasks; updates the listing index and the usage.

    `WriterThread` calls each method in a savepoint, and commits the savepoints of several calls
    together. If a method raises, `WriterThread` rolls its savepoint back, so that nothing has
    changed. A record that is passed to `change` or `check` has the membership of `project_id`.
    Methods raise sqlite3.Error if the file cannot be read or written. Methods that write images
    raise ValueError and OverflowError as SQLiteCatalog says.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._reader = ImageReader(connection)
        self._tasks = TaskTable(connection)
        self._usage = UsageTable(connection)

    def insert(
        self, image: Image, project_id: str | None = None, check_usage: UsageCheck | None = None
    ) -> None:
        """Add an image without members.

        If `check_usage` is given, it gets the usage of `project_id` with the new image included.
        Raises Conflict if a stored image, valid or not, has the id of `image`. Raises what
        `check_usage` raises.
        """
        if self._reader.row_number(image.id) is not None:
            raise Conflict(f"Image ID {image.id} already exists!")
        self._insert([(image, {})])
        if check_usage is not None:
            check_usage(self._usage.get(project_id))

    def update(
        self,
        image_id: str,
        project_id: str | None,
        change: Change,
        check_usage: UsageCheck | None = None,
    ) -> Image:
        """Pass the image's record to `change`; store and return the image that `change` returns.

        `change` must keep `id` and `created_at`. Writes nothing if `change` returns an equal image.
        The members stay, whatever the new visibility. If `check_usage` is given, it gets the usage
        of `project_id` after the change, even if nothing was written. Raises ImageNotFound if no
        valid image has the id, and what `change` and `check_usage` raise.
        """
        before = self._get_existing(image_id, project_id)
        after = change(before)
        if after != before.image:
            self._connection.execute(
                f"UPDATE images SET {_ASSIGNMENTS} WHERE id = ?", (*after, image_id)
            )
            members = self._reader.member_statuses(image_id)
            self._reindex(after, keys_of(before.image, members), keys_of(after, members))
            self._usage.apply_changes([before.image], [after])
        if check_usage is not None:
            check_usage(self._usage.get(project_id))
        return after

    def update_with_task(
        self,
        image_id: str,
        project_id: str | None,
        change: Change,
        task: Task,
        check_usage: UsageCheck | None = None,
    ) -> Image:
        """Store and return the image that `change` returns; also add or replace a task.

        The same as `update`, then `put_task`. Raises ImageNotFound if no valid image has the id,
        and what `change` and `check_usage` raise.
        """
        image = self.update(image_id, project_id, change, check_usage)
        self._tasks.put(task)
        return image

    def put_task(self, task: Task) -> None:
        """Add a task, or replace the task with the same id. Also remove old tasks.

        Removes all tasks that have expired at ``task.updated_at``. Of the finished tasks of the
        task's owner, keeps only the 1,000 (MAX_TASKS) that were added last. A replaced task keeps
        its place in this order.
        """
        self._tasks.put(task)

    def delete(self, image_id: str, project_id: str | None, check: RecordCheck) -> None:
        """Pass the image's record to `check`; then remove the image and its members.

        Tasks of the image remain. Raises ImageNotFound if no valid image has the id, and what
        `check` raises; then nothing is removed.
        """
        record = self._get_existing(image_id, project_id)
        check(record)
        self._delete(record.image)

    def change_member(
        self,
        image_id: str,
        project_id: str | None,
        member_id: str,
        change: MemberChange[MemberOrNone],
    ) -> MemberOrNone:
        """Store and return the membership that `change` returns for the project `member_id`.

        `change` gets the image's record, and all members by project id. The Member that `change`
        returns is added, or replaces the stored one; it must have the id `member_id`. If `change`
        returns None, the membership of `member_id` is removed, if there is one. Raises
        ImageNotFound if no valid image has the id, and what `change` raises.
        """
        record = self._get_existing(image_id, project_id)
        members = {member.member_id: member for member in self._reader.members(image_id)}
        before = _statuses(members)
        member = change(record, members)
        if member is None:
            members.pop(member_id, None)
            self._connection.execute(
                "DELETE FROM members WHERE image_id = ? AND member_id = ?", (image_id, member_id)
            )
        else:
            members[member_id] = member
            self._connection.execute(
                "INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?, ?)", (image_id, *member)
            )
        image = record.image
        self._reindex(image, keys_of(image, before), keys_of(image, _statuses(members)))
        return member

    def put(self, records: Iterable[tuple[Image, Members]]) -> None:
        """Store images with their members; replace stored images, valid or not, with the same ids.

        The members of a replaced image are removed. If several `records` have the same id, the last
        of them is stored. Memberships get the dates of their image. Raises ValueError for an id or
        a ``created_at`` that cannot be parsed, and for text with a lone surrogate.
        """
        different = {image.id: (image, members) for image, members in records}
        for before in self._reader.get_images(list(different)):
            self._delete(before)
        self._insert(list(different.values()))

    def _get_existing(self, image_id: str, project_id: str | None) -> Record:
        """Return the record of an image, with the membership of `project_id`.

        Raises ImageNotFound if no valid image has the id.
        """
        record = self._reader.get(image_id, project_id)
        if record is None:
            raise ImageNotFound(image_id)
        return record

    def _insert(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Add new images with their members and listing rows; add the images to the usage.

        Memberships get the dates of their image. No image with one of the ids may exist.
        """
        (last,) = self._connection.execute("SELECT max(number) FROM images").fetchone()
        first = (last or 0) + 1
        self._connection.executemany(
            f"INSERT INTO images (number, {COLUMNS}) VALUES (?, {_PARAMETERS})",
            [(number, *image) for number, (image, _) in enumerate(records, first)],
        )
        for image, members in records:
            self._insert_members(image, members)
        values = listing_rows(records, first)
        for start in range(0, len(values), 3 * _ROWS_A_STATEMENT):
            some = values[start : start + 3 * _ROWS_A_STATEMENT]
            rows = ", ".join(["(?, ?, ?)"] * (len(some) // 3))
            self._connection.execute(f"INSERT INTO listing VALUES {rows}", some)
        self._usage.apply_changes((), [image for image, _ in records])

    def _insert_members(self, image: Image, members: Mapping[str, str]) -> None:
        if not members:
            return
        self._connection.executemany(
            "INSERT INTO members VALUES (?, ?, ?, ?, ?)",
            [
                (image.id, member, status, image.created_at, image.updated_at)
                for member, status in members.items()
            ],
        )

    def _delete(self, image: Image) -> None:
        """Remove an image, its members and its listing rows; subtract the image from the usage.

        The image's row may be invalid. Then the usage of its owner is counted again.
        """
        is_valid = is_valid_image(image)
        if is_valid:
            self._reindex(image, keys_of(image, self._reader.member_statuses(image.id)), set())
        else:  # its keys cannot be computed
            number = self._reader.row_number(image.id)
            self._connection.execute("DELETE FROM listing WHERE number = ?", (number,))
        self._connection.execute("DELETE FROM images WHERE id = ?", (image.id,))
        if is_valid:
            self._usage.apply_changes([image], ())
        else:
            self._usage.recount(image.owner)

    def _reindex(self, image: Image, old: set[int], new: set[int]) -> None:
        """In the listing index, replace an image's keys `old` by `new`. Write only differences.

        The image must be stored. Its `created_at` must be the same as when the keys `old` were
        written, because this date is part of the rows to remove.
        """
        number = self._reader.row_number(image.id)
        position = position_of(image.created_at, image.id)
        self._connection.executemany(
            "DELETE FROM listing WHERE key = ? AND position = ? AND number = ?",
            [(key, position, number) for key in old - new],
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO listing VALUES (?, ?, ?)",  # another program may have added it
            [(key, position, number) for key in new - old],
        )


def _statuses(members: Mapping[str, Member]) -> Members:
    """Return the status of each membership, by project id."""
    return {member_id: member.status for member_id, member in members.items()}
