"""The usage of a project is that of its images after each write, also after a refused one."""

from random import Random
from typing import Any

import pytest

from glimpse.embedded.catalog import Catalog, Record
from glimpse.embedded.usage import Usage, usage_of
from glimpse.images import Image
from tests.embedded.contract.conftest import any_image, image

_STATUSES = ("queued", "saving", "uploading", "importing", "active", "deactivated", "killed")


async def test_usage_counts_the_images_of_one_project(catalog: Catalog) -> None:
    assert await catalog.usage("owner") == Usage()
    await catalog.insert(image(owner="owner", status="queued"))
    await catalog.insert(image(owner="owner", status="active", size=5))
    await catalog.insert(image(owner="owner", status="uploading", size=7))
    await catalog.insert(image(owner="owner", status="saving", size=None))
    await catalog.insert(image(owner="owner", status="killed", size=100))
    await catalog.insert(image(owner="other", status="deactivated", size=11))
    await catalog.insert(image(owner=None, status="active", size=13))
    assert await catalog.usage("owner") == Usage(images=4, size=5, staged=7, uploading=2)
    assert await catalog.usage("other") == Usage(images=1, size=11)
    assert await catalog.usage(None) == Usage()


async def test_usage_follows_changes_of_status_size_and_owner(catalog: Catalog) -> None:
    one = image(owner="owner", status="queued")
    await catalog.insert(one)
    steps: list[tuple[dict[str, Any], Usage]] = [
        ({"status": "saving"}, Usage(1, uploading=1)),
        ({"status": "active", "size": 9}, Usage(1, size=9)),
        ({"status": "deactivated"}, Usage(1, size=9)),
        ({"name": "new"}, Usage(1, size=9)),
        ({"owner": "other"}, Usage()),
    ]
    for changes, expected in steps:

        def change(record: Record, changes: dict[str, Any] = changes) -> Image:
            return record.image._replace(**changes)

        await catalog.update(one.id, None, change)
        assert await catalog.usage("owner") == expected
    assert await catalog.usage("other") == Usage(1, size=9)
    await catalog.delete(one.id, None, any_image)
    assert await catalog.usage("other") == Usage()


async def test_usage_follows_a_bulk_load_that_replaces_images(catalog: Catalog) -> None:
    first = [image(owner="owner", status="active", size=3) for _ in range(10)]
    await catalog.put([(each, {}) for each in first])
    changed = [each._replace(size=4, owner=None) for each in first[:4]]
    largest = image(owner="owner", status="active", size=2**63 - 1)
    await catalog.put([(each, {}) for each in (*changed, largest)])
    assert await catalog.usage("owner") == Usage(images=7, size=18 + 2**43)


async def test_a_write_that_the_usage_does_not_allow_changes_nothing(catalog: Catalog) -> None:
    def refuse(usage: Usage) -> None:
        seen.append(usage)
        raise ValueError("too many")

    seen: list[Usage] = []
    one = image(owner="owner", status="queued")
    await catalog.insert(one, "owner", lambda _: None)
    with pytest.raises(ValueError, match="too many"):
        await catalog.insert(image(owner="owner", status="queued"), "owner", refuse)
    with pytest.raises(ValueError, match="too many"):
        await catalog.update(
            one.id, "owner", lambda record: record.image._replace(status="saving"), refuse
        )
    assert seen == [Usage(images=2), Usage(images=1, uploading=1)]
    assert await catalog.usage("owner") == Usage(images=1)
    record = await catalog.get(one.id, None)
    assert record is not None
    assert record.image == one


@pytest.mark.parametrize("seed", range(5))
async def test_usage_is_the_sum_over_the_images(catalog: Catalog, seed: int) -> None:
    random = Random(seed)
    ids = [image().id for _ in range(4)]
    images: dict[str, Image] = {}
    for _ in range(40):
        image_id = random.choice(ids)
        if image_id in images and random.random() < 0.3:
            await catalog.delete(image_id, None, any_image)
            del images[image_id]
        else:
            size = random.choice((None, 0, 5))
            status = random.choice(_STATUSES)
            images[image_id] = image(id=image_id, owner="owner", status=status, size=size)
            await catalog.put([(images[image_id], {})])
    taken = [usage_of(each.status, each.size) for each in images.values()]
    total = Usage(*(sum(column) for column in zip(*taken, strict=True)))
    assert await catalog.usage("owner") == total
