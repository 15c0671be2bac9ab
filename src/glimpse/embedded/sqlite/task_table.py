"""TaskTable: read and write the tasks of imports."""

import sqlite3
from collections.abc import Sequence

from glimpse.embedded.sqlite.query_conditions import storable
from glimpse.embedded.tasks import MAX_TASKS, SORT_KEYS, Task, TaskQuery
from glimpse.images.errors import MarkerNotFound

_COLUMNS = (
    "id, type, status, owner, image_id, user_id, request_id, input, result, message, expires_at, "
    "created_at, updated_at"
)
_WITHOUT_INPUT = _COLUMNS.replace("input", "'{}'")  # an input may have 16 kB
_PARAMETERS = ", ".join("?" * len(Task._fields))
_ASSIGNMENTS = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", "))
_MAX_OF_IMAGE = 100


class TaskTable:
    """Reads and writes tasks on a connection that no other thread uses at the same time.

    Methods raise sqlite3.Error if the file cannot be read or written.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, task: Task) -> None:
        """Add a task, or replace the task with the same id. Also remove old tasks.

        Removes all tasks that have expired at ``task.updated_at``. Of the finished tasks of the
        task's owner, keeps only the 1,000 (MAX_TASKS) that were added last. A replaced task keeps
        its place in this order. The caller begins and commits a transaction.
        """
        self._connection.execute(
            f"INSERT INTO tasks ({_COLUMNS}) VALUES ({_PARAMETERS}) "
            f"ON CONFLICT (id) DO UPDATE SET {_ASSIGNMENTS}",
            task,
        )
        self._connection.execute("DELETE FROM tasks WHERE expires_at <= ?", (task.updated_at,))
        self._connection.execute(
            "DELETE FROM tasks WHERE owner IS ? AND expires_at IS NOT NULL AND number <= ("
            "SELECT number FROM tasks WHERE owner IS ? AND expires_at IS NOT NULL "
            "ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (task.owner, task.owner, MAX_TASKS),
        )

    def get(self, task_id: str) -> Task | None:
        """Return the task with this id, even an expired task; None if no task has the id."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM tasks WHERE id = ?", (storable(task_id),)
        ).fetchone()
        return Task._make(row) if row else None

    def of_image(self, image_id: str) -> list[Task]:
        """Return the 100 tasks of an image that were added last, the oldest first.

        Includes expired tasks. The list is empty if no task has this `image_id`.
        """
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM tasks WHERE image_id = ? ORDER BY number DESC LIMIT ?",
            (storable(image_id), _MAX_OF_IMAGE),
        )
        return [Task._make(row) for row in rows][::-1]

    def list(self, query: TaskQuery, now: str) -> Sequence[Task]:
        """Return the page of tasks that `query` selects, without tasks that have expired at `now`.

        The tasks pass the query's filters, and are in its order, in which a null sorts as an empty
        text. The page starts after the task with the id `query.marker`, and has at most
        `query.limit` tasks. ``input_json`` of each task is an empty document (``{}``). Raises
        MarkerNotFound if no task has the id `query.marker`; an expired task may be the marker.
        """
        direction, after = ("DESC", "<") if query.is_descending else ("ASC", ">")
        # Tasks are numbered as they are created; their dates have a resolution of one second.
        key = "number" if query.sort_key == "created_at" else f"ifnull({query.sort_key}, '')"
        conditions, values = ["(expires_at IS NULL OR expires_at > ?)"], [now]
        for name, value in query.filters.items():
            if name in SORT_KEYS:
                conditions.append(f"{name} = ?")
                values.append(storable(value))
        if query.marker is not None:
            marker = self._connection.execute(
                f"SELECT {key}, number FROM tasks WHERE id = ?", (storable(query.marker),)
            ).fetchone()
            if marker is None:
                raise MarkerNotFound(query.marker)
            conditions.append(f"({key}, number) {after} (?, ?)")
            values += marker
        rows = self._connection.execute(
            f"SELECT {_WITHOUT_INPUT} FROM tasks WHERE {' AND '.join(conditions)} "
            f"ORDER BY {key} {direction}, number {direction} LIMIT ?",
            (*values, query.limit),
        )
        return [Task._make(row) for row in rows]
