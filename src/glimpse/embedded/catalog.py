"""Catalog: the interface of databases in which the embedded image service keeps images.

A class that implements the interface is called an engine. An engine does not know who may change an
image. The service therefore passes functions to the engine, and the engine calls the functions in
its transaction. Such a function raises an error if the caller may not make the change.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from glimpse.embedded.tasks import Task, TaskQuery
from glimpse.embedded.usage import Usage
from glimpse.images import Caller, Image, ImageQuery, Page


class Record(NamedTuple):
    """An image, and the status of one project's membership in the image.

    `membership` is "pending", "accepted" or "rejected". `membership` is None if the project is no
    member, if the project owns the image, or if the image is not shared.
    """

    image: Image
    membership: str | None = None


class Member(NamedTuple):
    """The membership of the project `member_id` in an image.

    `status` is "pending", "accepted" or "rejected". The dates are in UTC: ``2024-02-01T10:20:30Z``.
    """

    member_id: str
    status: str
    created_at: str
    updated_at: str


RecordCheck = Callable[[Record], object]  # raises an error to refuse the write
UsageCheck = Callable[[Usage], object]  # raises an error to refuse the write
Change = Callable[[Record], Image]  # returns the image to store; raises an error to refuse
MemberOrNone = TypeVar("MemberOrNone", bound=Member | None)
# Gets a record, and all members of its image by project id. Returns the membership to store, or
# None to remove the membership. Raises an error to refuse the change.
MemberChange = Callable[[Record, Mapping[str, Member]], MemberOrNone]
Members = Mapping[str, str]  # project id -> status of its membership


class Catalog(Protocol):
    """Stores images, their members and the tasks of imports; finds the images of a list.

    Each write is atomic: if a method raises an error, nothing has changed. But if the task that
    awaits a write is cancelled, the write may still be made. A method that writes returns when a
    crash can no longer undo the write. Writes of one image run one after the other.

    A method with a parameter `project_id` returns records with the membership of that project, and
    passes such records to `change` and `check`. The functions `change`, `check` and `check_usage`
    may run in another thread, and must have no side effects. Any method may raise Unavailable.

    Another program may have stored an image that the engine cannot read. Methods that read or
    change images treat such an image as missing. But `insert` raises Conflict for its id, and `put`
    replaces it.
    """

    def problem(self) -> str | None:
        """Return why a recent read of records failed, as a text for operators; None if none did."""
        ...

    async def get(self, image_id: str, project_id: str | None) -> Record | None:
        """Return the record of the image with this id; None if no image has the id.

        The record has the membership of `project_id`. `image_id` may be any text. Upper and lower
        case differ. Does not check whether a caller may see the image.
        """
        ...

    def pages(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield pages of the images that match `query` and that `caller` can see.

        The images are in the query's order. They start after the image `marker`, or at the first
        image if `marker` is None; `query.marker` is ignored. `query.limit` does not end the list:
        the caller stops after enough images, and has to close the generator.

        An image's owner, visibility and memberships decide whether `caller` can see it. Roles and
        policy rules are not checked. Community images of other projects are listed only if
        `query.visibility` is "community" or "all". Images in status killed or deleted are never
        listed.

        A page may be empty. Only the last page has ``is_last`` set. The event loop runs other tasks
        between two pages. The generator keeps no reference to a page that it has yielded.
        """
        ...

    async def insert(
        self, image: Image, project_id: str | None = None, check_usage: UsageCheck | None = None
    ) -> None:
        """Add an image without members.

        If `check_usage` is given, `check_usage` gets the usage of `project_id`, with the new image
        included. If `check_usage` raises an error, the image is not added, and `insert` raises the
        same error. Raises Conflict if another image has the same id.
        """
        ...

    async def update(
        self,
        image_id: str,
        project_id: str | None,
        change: Change,
        check_usage: UsageCheck | None = None,
    ) -> Image:
        """Pass an image's record to `change`; store and return the image that `change` returns.

        No other write of the image happens between reading and storing. `change` must keep the id
        and ``created_at`` of the image. If `check_usage` is given, `check_usage` gets the usage of
        the project `project_id` after the change. If `check_usage` raises an error, the image does
        not change.

        Raises ImageNotFound if no image has the id. Raises what `change` and `check_usage` raise.
        """
        ...

    async def usage(self, project_id: str | None) -> Usage:
        """Return the Usage of all images of a project together.

        If `project_id` is None, returns an empty Usage. The time does not depend on the number of
        images.
        """
        ...

    async def delete(self, image_id: str, project_id: str | None, check: RecordCheck) -> None:
        """Remove an image and its members if `check` raises no error for the image's record.

        The tasks of the image stay. The record has the membership of `project_id`. Raises
        ImageNotFound if no image has the id. Raises what `check` raises.
        """
        ...

    async def members(self, image_id: str) -> Sequence[Member]:
        """Return the members of an image, the oldest membership first.

        Memberships of the same second are in the order of the project ids. Returns an empty
        sequence if no image has the id. `image_id` may be any text. Upper and lower case differ.
        Does not check whether a caller may see the members.
        """
        ...

    async def change_member(
        self,
        image_id: str,
        project_id: str | None,
        member_id: str,
        change: MemberChange[MemberOrNone],
    ) -> MemberOrNone:
        """Add, replace or remove the membership of `member_id`, as `change` decides.

        `change` gets the image's record, and all members of the image by project id. If `change`
        returns a Member, the Member is added, or replaces the stored membership; it must have the
        id `member_id`. If `change` returns None, the membership is removed, if there is one.
        Returns what `change` returned.

        No other write of the image happens between reading and storing. Raises ImageNotFound if no
        image has the id. Raises what `change` raises.
        """
        ...

    async def put(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Store images with their members: all of them or none.

        Each image replaces the stored image with the same id, and also the members of that image. A
        membership gets the ``created_at`` and ``updated_at`` of its image. If several `records`
        have the same id, the last one is stored. Raises ValueError for an id or a ``created_at``
        that cannot be parsed, or for text with a lone surrogate.
        """
        ...

    async def update_with_task(
        self,
        image_id: str,
        project_id: str | None,
        change: Change,
        task: Task,
        check_usage: UsageCheck | None = None,
    ) -> Image:
        """Change an image as `update` does, and store `task` as `put_task` does, in one write.

        Raises ImageNotFound if no image has the id. Raises what `change` and `check_usage` raise.
        If an error is raised, neither the image nor the task has changed.
        """
        ...

    async def put_task(self, task: Task) -> None:
        """Add a task, or replace the task with the same id. Also remove old tasks.

        Removes all tasks that have expired at ``task.updated_at``. If the owner of the task has
        more than MAX_TASKS finished tasks, removes the oldest finished tasks, so that MAX_TASKS are
        left. The age is the order in which the tasks were added.
        """
        ...

    async def get_task(self, task_id: str) -> Task | None:
        """Return the task with this id, even an expired one; None if no task has the id.

        `task_id` may be any text.
        """
        ...

    async def tasks_of_image(self, image_id: str) -> Sequence[Task]:
        """Return the 100 newest tasks of an image, the oldest first. Includes expired tasks."""
        ...

    async def list_tasks(self, query: TaskQuery, now: str) -> Sequence[Task]:
        """Return the page of tasks that `query` selects, without tasks that have expired by `now`.

        ``input_json`` of the returned tasks is an empty document (``{}``). Raises MarkerNotFound if
        no task has the id `query.marker`.
        """
        ...

    async def close(self) -> None:
        """Wait until the started writes have ended, then close files and connections.

        A list that is being read may end with CancelledError. Afterwards, all reads and writes
        raise Unavailable. A second call does nothing.
        """
        ...
