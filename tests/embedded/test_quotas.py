"""Quotas of images and projects: pure checks, and exact limits while many write at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.imports.image_imports import ImportRequest
from glimpse.embedded.quotas import MEBIBYTE, ProjectQuotas, QuotaExceeded
from glimpse.embedded.service import EmbeddedImageService
from glimpse.embedded.usage import Usage
from tests.embedded.data import create_image, stored_files
from tests.embedded.images import ADMIN, OTHER, OWNER, chunks_of, make
from tests.support.embedded import open_images

NONE = ProjectQuotas(-1, -1, -1, -1, 0)
IMPORT = ImportRequest(
    "glance-direct", None, None, {"method": {"name": "glance-direct"}}, "request"
)
Check = Callable[[ProjectQuotas], object]


@pytest.mark.parametrize(
    ("check", "limits", "message"),
    [
        (
            lambda quotas: quotas.check_new_image("p", Usage(images=3)),
            {"image_count_total": 2},
            "Project p is over a limit for [Resource image_count_total is over limit of 2 due to",
        ),
        (
            lambda quotas: quotas.check_upload("p", Usage(1, 3 * MEBIBYTE), 2 * MEBIBYTE),
            {"image_size_total": 4},
            "image_size_total is over limit of 4 due to current usage 3 and delta 2]",
        ),
        (
            lambda quotas: quotas.check_upload("p", Usage(2, uploading=2), None),
            {"image_count_uploading": 1},
            "image_count_uploading is over limit of 1 due to current usage 2 and delta 0]",
        ),
        (
            lambda quotas: quotas.check_upload("p", Usage(1, 90), 11),
            {"user_storage_quota": 100},
            "storage quota: The size of the data 11 will exceed the limit. 10 bytes remaining.",
        ),
        (
            lambda quotas: quotas.check_upload("p", Usage(1, 100), None),
            {"user_storage_quota": 100},
            "The size of the data None will exceed the limit. 0 bytes remaining.",
        ),
        (
            lambda quotas: quotas.check_staging("p", Usage(staged=MEBIBYTE), MEBIBYTE),
            {"image_stage_total": 1},
            "image_stage_total is over limit of 1 due to current usage 1 and delta 1]",
        ),
        (
            lambda quotas: quotas.check_staging("p", Usage(uploading=2), None),
            {"image_count_uploading": 1},
            "image_count_uploading is over limit of 1",
        ),
        (
            lambda quotas: quotas.check_stored("p", Usage(1, 2 * MEBIBYTE)),
            {"image_size_total": 1},
            "image_size_total is over limit of 1 due to current usage 2 and delta 0]",
        ),
        (
            lambda quotas: quotas.check_stored("p", Usage(1, 101)),
            {"user_storage_quota": 100},
            "will exceed the limit. -1 bytes remaining.",
        ),
    ],
    ids=[
        *("images", "size", "uploads", "storage", "storage with data of unknown size"),
        *("staged size", "staged images", "stored size", "stored bytes"),
    ],
)
def test_a_limit_is_exceeded_by_one_more_than_it_allows(
    check: Check, limits: dict[str, int], message: str
) -> None:
    with pytest.raises(QuotaExceeded) as raised:
        check(replace(NONE, **limits))
    assert message in str(raised.value)
    check(replace(NONE, **{name: limit + 1 for name, limit in limits.items()}))
    check(NONE)


def test_remaining_bytes_are_those_of_the_lower_limit() -> None:
    usage = Usage(1, MEBIBYTE)
    assert NONE.remaining_bytes(usage) is None
    in_mebibytes = replace(NONE, image_size_total=2)
    assert in_mebibytes.remaining_bytes(usage) == 2 * MEBIBYTE - 1
    assert replace(in_mebibytes, user_storage_quota=MEBIBYTE + 5).remaining_bytes(usage) == 5
    assert replace(in_mebibytes, user_storage_quota=5).remaining_bytes(usage) == 0


def test_the_report_has_all_limits_once_one_is_set() -> None:
    usage = Usage(3, 5 * MEBIBYTE + 1, 2 * MEBIBYTE, 1)
    assert NONE.report(usage) == {}
    assert replace(NONE, user_storage_quota=5).report(usage) == {}
    assert replace(NONE, image_count_total=9, image_size_total=-7).report(usage) == {
        "image_size_total": {"usage": 5, "limit": -1},
        "image_stage_total": {"usage": 2, "limit": -1},
        "image_count_total": {"usage": 3, "limit": 9},
        "image_count_uploading": {"usage": 1, "limit": -1},
    }


class Workers:
    """Two services that share a state directory, as two worker processes do."""

    def __init__(self, directory: Path, **limits: int) -> None:
        self.state = directory
        quotas = replace(NONE, **limits)
        self.services = [open_images(directory, project_quotas=quotas) for _ in range(2)]
        self.first = self.services[0]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for service in self.services:
            await service.close()

    def alternating(self, count: int) -> list[EmbeddedImageService]:
        return [self.services[number % 2] for number in range(count)]


async def test_concurrent_creations_keep_the_number_of_images(tmp_path: Path) -> None:
    async with Workers(tmp_path, image_count_total=10) as workers:
        outcomes = await asyncio.gather(
            *(create_image(service) for service in workers.alternating(30)), return_exceptions=True
        )
        assert sum(isinstance(each, QuotaExceeded) for each in outcomes) == 20
        await workers.first.create_image(OTHER, NewImage())
        created = [each for each in outcomes if isinstance(each, str)]
        await workers.services[1].delete_image(OWNER, created[0])
        await create_image(workers.first)
        with pytest.raises(QuotaExceeded):
            await create_image(workers.services[1])


@pytest.mark.parametrize("limits", [{"user_storage_quota": 2_500_000}, {"image_size_total": 2}])
@pytest.mark.parametrize("size", [None, 1_000_000])
async def test_concurrent_uploads_keep_the_size(
    tmp_path: Path, limits: dict[str, int], size: int | None
) -> None:
    async with Workers(tmp_path, **limits) as workers:
        images = [await create_image(workers.first) for _ in range(6)]
        uploads = (
            service.data.upload(OWNER, image, chunks_of(bytes(1_000_000)), size=size)
            for service, image in zip(workers.alternating(6), images, strict=True)
        )
        outcomes = await asyncio.gather(*uploads, return_exceptions=True)
        allowed = 3 if "image_size_total" in limits else 2
        assert [type(each) for each in outcomes].count(QuotaExceeded) == 6 - allowed
        statuses = [(await workers.first.get_image(OWNER, image)).status for image in images]
        assert sorted(statuses) == ["active"] * allowed + ["queued"] * (6 - allowed)
        assert len(stored_files(workers.state)) == allowed


async def test_an_upload_ends_as_soon_as_it_exceeds_the_quota(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1000)

    async with Workers(tmp_path, user_storage_quota=5000) as workers:
        image = await create_image(workers.first)
        with pytest.raises(QuotaExceeded, match="5000 bytes remaining"):
            await workers.first.data.upload(OWNER, image, endless())
        await workers.first.data.upload(OWNER, image, chunks_of(bytes(5000)))


async def test_concurrent_uploads_keep_their_number(tmp_path: Path) -> None:
    started, finished = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        started.release()
        await finished.wait()
        yield b"x"

    async with Workers(tmp_path, image_count_uploading=2) as workers:
        images = [await create_image(workers.first) for _ in range(3)]
        uploads = [
            asyncio.ensure_future(service.data.upload(OWNER, image, slow()))
            for service, image in zip(workers.services, images[:2], strict=True)
        ]
        await started.acquire()
        await started.acquire()
        for service in workers.services:
            with pytest.raises(QuotaExceeded, match="image_count_uploading"):
                await service.data.upload(OWNER, images[2], chunks_of(b"x"))
        assert (await workers.first.get_image(OWNER, images[2])).status == "queued"
        finished.set()
        await asyncio.gather(*uploads)
        await workers.first.data.upload(OWNER, images[2], chunks_of(b"x"))


@pytest.mark.parametrize("size", [None, MEBIBYTE])
async def test_concurrent_stagings_keep_the_staged_size(tmp_path: Path, size: int | None) -> None:
    async with Workers(tmp_path, image_stage_total=2) as workers:
        images = [await create_image(workers.first) for _ in range(6)]
        stagings = (
            service.imports.stage(OWNER, image, chunks_of(bytes(MEBIBYTE)), size)
            for service, image in zip(workers.alternating(6), images, strict=True)
        )
        outcomes = await asyncio.gather(*stagings, return_exceptions=True)
        assert [type(each) for each in outcomes].count(QuotaExceeded) == 4
        statuses = [(await workers.first.get_image(OWNER, image)).status for image in images]
        assert sorted(statuses) == ["queued"] * 4 + ["uploading"] * 2
        usage = (await workers.services[1].usage(OWNER))["image_stage_total"]
        assert usage == {"usage": 2, "limit": 2}
        staged = images[statuses.index("uploading")]
        await workers.first.delete_image(OWNER, staged)
        queued = images[statuses.index("queued")]
        await workers.services[1].imports.stage(OWNER, queued, chunks_of(bytes(MEBIBYTE)), size)


async def test_an_import_beyond_the_size_fails_and_stores_nothing(tmp_path: Path) -> None:
    async with Workers(tmp_path, user_storage_quota=5) as workers:
        service = workers.first
        image = await create_image(service)
        await service.imports.stage(OWNER, image, chunks_of(bytes(6)))
        await service.imports.start(OWNER, image, IMPORT)
        await service.imports.wait_until_idle()
        (task,) = await service.imports.tasks_of_image(OWNER, image)
        assert task.status == "failure"
        assert "exceeds the storage quota" in task.message
        assert (await service.get_image(OWNER, image)).status != "active"
        assert stored_files(workers.state) == []


async def test_no_import_begins_beyond_the_size(tmp_path: Path) -> None:
    async with Workers(tmp_path, image_size_total=0) as workers:
        full = await create_image(workers.first)
        await make(workers.first, status="active", size=MEBIBYTE)
        await workers.first.imports.stage(OWNER, full, chunks_of(b"x"))
        with pytest.raises(QuotaExceeded, match="image_size_total is over limit of 0"):
            await workers.first.imports.start(OWNER, full, IMPORT)
        assert await workers.first.imports.tasks_of_image(OWNER, full) == []


async def test_the_quota_is_that_of_the_callers_project(tmp_path: Path) -> None:
    """So it is in Glance."""
    async with Workers(tmp_path, user_storage_quota=5) as workers:
        image = await create_image(workers.first)
        await workers.first.data.upload(ADMIN, image, chunks_of(bytes(5)))
        other = await create_image(workers.first)
        with pytest.raises(QuotaExceeded):
            await workers.first.data.upload(OWNER, other, chunks_of(b"x"))
        await workers.first.data.upload(ADMIN, other, chunks_of(b"x"))
