"""ImageMembers keeps the dates of memberships, and checks the catalog at the time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from glimpse.embedded.quotas import QuotaExceeded
from glimpse.embedded.service import EmbeddedImageService
from tests.embedded.images import OTHER, OWNER, make
from tests.support.embedded import open_images

TIMES = [f"2024-02-01T10:20:{second:02}Z" for second in range(60)]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[EmbeddedImageService]:
    """A service for which every reading of the clock is one second later."""
    clock: Iterator[str] = iter(TIMES)
    opened = open_images(tmp_path / "state", clock=lambda: next(clock))
    yield opened
    await opened.close()


async def test_only_updated_at_changes_with_the_status(service: EmbeddedImageService) -> None:
    image_id = await make(service, visibility="shared")
    image = await service.get_image(OWNER, image_id)
    added = await service.members.add(OWNER, image_id, "other")
    assert added == ("other", "pending", TIMES[0], TIMES[0])
    accepted = await service.members.set_status(OTHER, image_id, "other", "accepted")
    assert accepted == ("other", "accepted", TIMES[0], TIMES[1])
    assert await service.members.list(OTHER, image_id) == [accepted]
    assert await service.get_image(OWNER, image_id) == image, "a member changed the image"


async def test_loaded_members_accept_and_are_listed(service: EmbeddedImageService) -> None:
    image_id = await make(service, visibility="shared", members=[{"member_id": "other"}])
    assert (await service.members.get(OTHER, image_id, "other")).status == "pending"
    await service.members.set_status(OTHER, image_id, "other", "accepted")
    (member,) = await service.members.list(OWNER, image_id)
    assert member.status == "accepted"


async def test_concurrent_additions_keep_the_quota(service: EmbeddedImageService) -> None:
    members = [
        {"member_id": f"p{number}"} for number in range(service.image_quotas.image_member_quota - 3)
    ]
    image_id = await make(service, visibility="shared", members=members)
    additions = (service.members.add(OWNER, image_id, f"new{number}") for number in range(20))
    outcomes = await asyncio.gather(*additions, return_exceptions=True)
    assert sum(isinstance(each, QuotaExceeded) for each in outcomes) == 17
    assert len(await service.members.list(OWNER, image_id)) == 128
