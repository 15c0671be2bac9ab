"""Memberships are read with their dates; each change of one is atomic."""

import asyncio
from collections.abc import Mapping

import pytest

from glimpse.embedded.catalog import Catalog, Member, MemberChange, Record
from glimpse.images import ImageQuery
from glimpse.images.errors import Conflict, Forbidden
from tests.embedded.contract.conftest import any_image, found, image, put
from tests.embedded.images import OTHER

FIRST, SECOND = "2024-02-01T10:20:30Z", "2024-02-01T10:20:31Z"


def storing(member: Member) -> MemberChange[Member]:
    return lambda _, __: member


async def test_members_have_their_dates_and_the_oldest_comes_first(catalog: Catalog) -> None:
    one = image(visibility="shared")
    await catalog.insert(one)
    newest, oldest = Member("a", "pending", SECOND, SECOND), Member("b", "accepted", FIRST, SECOND)
    for member in (newest, oldest):
        assert (
            await catalog.change_member(one.id, None, member.member_id, storing(member)) == member
        )
    assert await catalog.members(one.id) == [oldest, newest]
    assert await catalog.members(one.id.upper()) == []


async def test_change_gets_the_record_and_all_members(catalog: Catalog) -> None:
    one = image(visibility="shared")
    await put(catalog, one, other="accepted", third="pending")

    def remove(record: Record, members: Mapping[str, Member]) -> None:
        assert record == Record(one, "accepted")
        assert {each: member.status for each, member in members.items()} == {
            "other": "accepted",
            "third": "pending",
        }

    await catalog.change_member(one.id, "other", "third", remove)
    assert [member.member_id for member in await catalog.members(one.id)] == ["other"]
    await catalog.change_member(one.id, None, "nobody", lambda _, __: None)
    assert [member.member_id for member in await catalog.members(one.id)] == ["other"]


async def test_lists_follow_each_change_of_a_membership(catalog: Catalog) -> None:
    one = image(visibility="shared")
    await catalog.insert(one)

    async def is_listed(status: str) -> bool:
        return await found(catalog, ImageQuery(member_status=status), OTHER) == [one]

    for status in ("pending", "accepted", "rejected"):
        member = Member("other", status, FIRST, SECOND)
        await catalog.change_member(one.id, None, "other", storing(member))
        assert await catalog.get(one.id, "other") == Record(one, status)
        shown = [each for each in ("pending", "accepted", "rejected") if await is_listed(each)]
        assert shown == [status]
    await catalog.change_member(one.id, None, "other", lambda _, __: None)
    assert await catalog.get(one.id, "other") == Record(one)
    assert not await is_listed("rejected")


async def test_members_of_a_deleted_image_are_not_members_of_one_with_the_same_id(
    catalog: Catalog,
) -> None:
    one = image(visibility="shared")
    await put(catalog, one, other="accepted")
    await catalog.delete(one.id, None, any_image)
    assert await catalog.members(one.id) == []
    await catalog.insert(one)
    assert await catalog.get(one.id, "other") == Record(one)


async def test_change_that_raises_stores_nothing(catalog: Catalog) -> None:
    def refuse(_: Record, __: Mapping[str, Member]) -> Member:
        raise Forbidden("no")

    one = image(visibility="shared")
    await put(catalog, one, other="accepted")
    before = await catalog.members(one.id)
    with pytest.raises(Forbidden, match="no"):
        await catalog.change_member(one.id, None, "other", refuse)
    assert await catalog.members(one.id) == before


async def test_one_of_concurrent_changes_sees_the_result_of_the_other(catalog: Catalog) -> None:
    def add(_: Record, members: Mapping[str, Member]) -> Member:
        if len(members) >= 3:
            raise Conflict("full")
        return Member(f"p{len(members)}", "pending", FIRST, FIRST)

    def named(name: str) -> MemberChange[Member]:
        return lambda record, members: add(record, members)._replace(member_id=name)

    one = image(visibility="shared")
    await catalog.insert(one)
    changes = (catalog.change_member(one.id, None, f"p{n}", named(f"p{n}")) for n in range(20))
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert sum(isinstance(each, Conflict) for each in outcomes) == 17
    assert len(await catalog.members(one.id)) == 3
