"""Catalog: the interface of databases in which the embedded image service keeps images.

An engine stores and finds records. It does not know who may change an image: the service passes it
functions that raise an error if the caller may not, and the engine calls them in its transaction.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from glimpse.embedded.tasks import Task, TaskQuery
from glimpse.embedded.usage import Usage
from glimpse.images import Caller, Image, ImageQuery, Page


class Record(NamedTuple):
    """An image, and the status of one project's membership in it.

    `membership` is "pending", "accepted" or "rejected"; None if the project is no member, or if
    that does not matter because the image is not shared or the project owns it.
    """

    image: Image
    membership: str | None = None


class Member(NamedTuple):
    """The membership of the project `member_id` in an image.

    `status` is "pending", "accepted" or "rejected". The dates have the format of an image's dates.
    """

    member_id: str
    status: str
    created_at: str
    updated_at: str


RecordCheck = Callable[[Record], object]  # raises to refuse
UsageCheck = Callable[[Usage], object]  # raises to refuse
Change = Callable[[Record], Image]  # returns the image to store, or raises to refuse
# Gets an image and all its members by project id. Returns the membership to store, None to remove
# it, or raises to refuse.
MemberOrNone = TypeVar("MemberOrNone", bound=Member | None)
MemberChange = Callable[[Record, Mapping[str, Member]], MemberOrNone]
Members = Mapping[str, str]  # project id -> status of its membership


class Catalog(Protocol):
    """Stores image records, and finds those of a list.

    Each write is atomic: if it raises, it has changed nothing. It returns when a crash can no
    longer undo it. Writes of one image run one after the other. A Record that is returned, or
    passed to a function, has the membership of `project_id`. The functions `change` and `check` may
    run in another thread, and must have no side effects. Any method may raise Unavailable.
    """

    def problem(self) -> str | None:
        """Return why records could not be read recently, for operators; None if they could."""
        ...

    async def get(self, image_id: str, project_id: str | None) -> Record | None:
        """Return the record of the image with this id; None if there is none.

        The record has the membership of `project_id`. The id may be any text; its case matters.
        Whether a caller may see the image is not checked.
        """
        ...

    def pages(
        self, caller: Caller, query: ImageQuery, marker: Image | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the images that match `query` and that `caller` can see, in the query's order.

        Owner, visibility and memberships decide what it can see; roles and policy rules are not
        checked. Community images of other projects are listed only if `query.visibility` is
        "community" or "all", killed and deleted images never.

        The list starts after the image `marker`, or at its beginning for None; `query.marker` is
        ignored. A page may be empty; only the last has ``is_last`` set. Each page is read in a
        bounded time, and the event loop runs other tasks between two pages. Pages go on beyond
        `query.limit`, which is a hint of how many images will be read. The generator keeps no
        reference to a page that it has yielded.
        """
        ...

    async def insert(
        self, image: Image, project_id: str | None = None, check_usage: UsageCheck | None = None
    ) -> None:
        """Add an image without members.

        `check_usage` gets the usage of `project_id`, which includes the new image. Raises Conflict
        if another image has its id, and what `check_usage` raises.
        """
        ...

    async def update(
        self,
        image_id: str,
        project_id: str | None,
        change: Change,
        check_usage: UsageCheck | None = None,
    ) -> Image:
        """Read the record, and store and return the image that `change` returns for it.

        The record has the membership of `project_id`. No other write of the image comes between
        reading and storing. `change` may run in another thread, must have no side effects, and must
        keep the id. `check_usage` gets the usage of `project_id` after the change; no other write
        comes between the two. Raises ImageNotFound, and what `change` and `check_usage` raise.
        """
        ...

    async def usage(self, project_id: str | None) -> Usage:
        """Return what all images of a project take; nothing for None, which is no project.

        Takes the same time for any number of images.
        """
        ...

    async def delete(self, image_id: str, project_id: str | None, check: RecordCheck) -> None:
        """Remove an image and its members, if `check` does not raise for its record.

        The record has the membership of `project_id`. Raises ImageNotFound, and what `check`
        raises.
        """
        ...

    async def members(self, image_id: str) -> Sequence[Member]:
        """Return the members of an image, the oldest membership first; none if there is no image.

        The id may be any text; its case matters. Whether a caller may see them is not checked.
        """
        ...

    async def change_member(
        self,
        image_id: str,
        project_id: str | None,
        member_id: str,
        change: MemberChange[MemberOrNone],
    ) -> MemberOrNone:
        """Read the record and the members of an image; store what `change` returns for `member_id`.

        The record has the membership of `project_id`. No other write of the image comes between
        reading and storing. If `change` returns a Member, it must have the id `member_id`, and
        replaces or adds that membership; None removes it, if it exists. Returns what `change`
        returned. Raises ImageNotFound, and what `change` raises.
        """
        ...

    async def put(self, records: Sequence[tuple[Image, Members]]) -> None:
        """Store images with their members, all or none.

        They replace images with the same ids, and the members of those. Of several `records` with
        the same id, the last is stored.
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
        """Change an image as `update` does, and store `task` as `put_task` does, in one write."""
        ...

    async def put_task(self, task: Task) -> None:
        """Add a task, or replace the one with its id.

        Removes all tasks that have expired when this one is updated (its ``updated_at``). If its
        owner has more than MAX_TASKS finished ones, removes the oldest of these.
        """
        ...

    async def get_task(self, task_id: str) -> Task | None:
        """Return the task with this id, which may be any text; None if there is none."""
        ...

    async def tasks_of_image(self, image_id: str) -> Sequence[Task]:
        """Return the tasks of an image in the order in which they were added, the last 100."""
        ...

    async def list_tasks(self, query: TaskQuery, now: str) -> Sequence[Task]:
        """Return the tasks of a page that expire after `now`, without their input.

        Raises MarkerNotFound if no task has the id `query.marker`.
        """
        ...

    async def close(self) -> None:
        """Finish the writes that have been started, then close files and connections.

        Afterwards all methods raise Unavailable, except `close`, which does nothing.
        """
        ...
