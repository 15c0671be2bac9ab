"""Tasks are stored, read, listed and removed; a task and its image change together."""

import asyncio
from typing import Any

import pytest

from glimpse.embedded.catalog import Catalog
from glimpse.embedded.tasks import MAX_TASKS, Task, TaskQuery
from glimpse.images import Image
from glimpse.images.errors import Forbidden, ImageNotFound, Invalid, MarkerNotFound
from tests.embedded.contract.conftest import image

NOW = "2024-02-01T10:20:30Z"
LATER = "2024-02-01T10:20:31Z"


def task(number: int, **changes: Any) -> Task:
    made = Task(
        id=f"00000000-0000-4000-8000-{number:012}",
        type="api_image_import",
        status="pending",
        owner="gold",
        image_id="an image",
        user_id="demo",
        request_id="req-1",
        input_json='{"a":"b"}',
        result_json="null",
        message="",
        expires_at=None,
        created_at=NOW,
        updated_at=NOW,
    )
    return made._replace(**changes)


async def ids(catalog: Catalog, now: str = NOW, **query: Any) -> list[int]:
    """Return the numbers of the listed tasks."""
    listed = await catalog.list_tasks(TaskQuery(**{"limit": 100, **query}), now)
    return [int(each.id[-12:]) for each in listed]


async def test_a_task_is_read_as_it_was_stored(catalog: Catalog) -> None:
    await catalog.put_task(task(1))
    assert await catalog.get_task(task(1).id) == task(1)
    done = task(1).begin(LATER).succeed(LATER)
    await catalog.put_task(done)
    assert await catalog.get_task(done.id) == done
    assert (done.result_json, done.expires_at) == (
        '{"image_id":"an image"}',
        "2024-02-03T10:20:31Z",
    )


@pytest.mark.parametrize("task_id", ["", "nothing", "a\0b", "\ud800", "' OR 1 = 1 --"], ids=ascii)
async def test_a_text_that_is_no_id_finds_no_task(catalog: Catalog, task_id: str) -> None:
    await catalog.put_task(task(1))
    assert await catalog.get_task(task_id) is None
    assert await catalog.tasks_of_image(task_id) == []
    assert await ids(catalog, filters={"owner": task_id}) == []
    with pytest.raises(MarkerNotFound):
        await ids(catalog, marker=task_id)


async def test_tasks_of_an_image_are_in_the_order_of_their_addition(catalog: Catalog) -> None:
    for number in (3, 1, 2):
        await catalog.put_task(task(number))
    await catalog.put_task(task(4, image_id="another"))
    await catalog.put_task(task(3).begin(LATER))
    assert [each.id[-1] for each in await catalog.tasks_of_image("an image")] == ["3", "1", "2"]


async def test_a_list_is_sorted_filtered_and_paged(catalog: Catalog) -> None:
    for number, owner in ((2, "gold"), (1, "iron"), (3, None)):
        await catalog.put_task(task(number, owner=owner))
    await catalog.put_task(task(2).begin(LATER))
    assert await ids(catalog) == [3, 1, 2]
    assert await ids(catalog, is_descending=False) == [2, 1, 3]
    assert await ids(catalog, sort_key="owner") == [1, 2, 3]
    assert await ids(catalog, sort_key="id", is_descending=False) == [1, 2, 3]
    assert await ids(catalog, filters={"status": "processing"}) == [2]
    assert await ids(catalog, filters={"status": "pending", "owner": "iron"}) == [1]
    assert await ids(catalog, filters={"input": "x", "nothing": "x"}) == [3, 1, 2]
    for sort_key in ("created_at", "owner", "expires_at"):
        everything = await ids(catalog, sort_key=sort_key)
        first = await ids(catalog, sort_key=sort_key, limit=2)
        rest = await ids(catalog, sort_key=sort_key, marker=task(first[-1]).id)
        assert first + rest == everything, sort_key
    assert await ids(catalog, limit=0) == []
    with pytest.raises(Invalid):
        await ids(catalog, sort_key="input; DROP TABLE tasks")


async def test_a_list_has_no_input_and_no_expired_tasks(catalog: Catalog) -> None:
    await catalog.put_task(task(1).fail("a reason", NOW))
    (listed,) = await catalog.list_tasks(TaskQuery(limit=9), "2024-02-03T10:20:29Z")
    assert listed == task(1).fail("a reason", NOW)._replace(input_json="{}")
    assert await ids(catalog, now="2024-02-03T10:20:30Z") == []


async def test_expired_tasks_are_removed_and_unfinished_ones_are_kept(catalog: Catalog) -> None:
    await catalog.put_task(task(1).fail("a reason", NOW))
    await catalog.put_task(task(2))
    await catalog.put_task(task(3, updated_at="2024-02-03T10:20:30Z"))
    assert await catalog.get_task(task(1).id) is None
    assert await catalog.get_task(task(2).id) == task(2)


async def test_the_oldest_finished_tasks_of_a_project_are_removed(catalog: Catalog) -> None:
    await catalog.put_task(task(0))
    await catalog.put_task(task(1, owner="iron").fail("", NOW))
    many = [task(number).fail("", NOW) for number in range(2, MAX_TASKS + 4)]
    for start in range(0, len(many), 200):  # a group is written in one transaction
        await asyncio.gather(*map(catalog.put_task, many[start : start + 200]))
    kept = await ids(catalog, limit=2 * MAX_TASKS, is_descending=False)
    assert kept == [0, 1, *range(4, MAX_TASKS + 4)]


async def test_a_task_and_its_image_change_together_or_not_at_all(catalog: Catalog) -> None:
    def refuse(_: object) -> Image:
        raise Forbidden("no")

    one = image()
    await catalog.insert(one)
    after = one._replace(name="after")
    assert await catalog.update_with_task(one.id, None, lambda _: after, task(1)) == after
    assert await catalog.get_task(task(1).id) == task(1)
    with pytest.raises(Forbidden):
        await catalog.update_with_task(one.id, None, refuse, task(2))
    with pytest.raises(ImageNotFound):
        await catalog.update_with_task("nothing", None, lambda _: after, task(2))
    assert await catalog.get_task(task(2).id) is None
    await catalog.delete(one.id, None, lambda _: None)
    assert await catalog.get_task(task(1).id) == task(1)
