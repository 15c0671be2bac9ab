"""The image schema: fetched once, refreshed when stale, believed while Glance is in trouble."""

import asyncio
import json

import pytest

from glimpse.glance.schema import ImageSchema, parse_attributes
from glimpse.images import BASE_ATTRIBUTES
from glimpse.images.errors import InvalidResponse, Unavailable
from glimpse.upstream.transport import Response


def schema(*attributes: str) -> Response:
    described = {"base": {"type": "string"}, "own": {"is_base": False}}
    described |= {name: {"is_base": True} for name in attributes}
    return Response(200, [], json.dumps({"name": "image", "properties": described}).encode())


class Glance:
    """Responses with its schema, once it is told to; counts how often it was asked."""

    def __init__(self) -> None:
        self.answer: Response | Exception = schema()
        self.asked = 0
        self.ready = asyncio.Event()
        self.ready.set()
        self.time = 0.0

    async def fetch(self, token: str) -> Response:
        assert token == "token"
        self.asked += 1
        await self.ready.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def settled() -> None:
    """Let everything go on that can."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def glance() -> Glance:
    return Glance()


@pytest.fixture
def known(glance: Glance) -> ImageSchema:
    return ImageSchema(glance.fetch, 3600, clock=lambda: glance.time)


async def test_many_who_ask_at_once_wait_for_one_fetch(glance: Glance, known: ImageSchema) -> None:
    found = await asyncio.gather(*(known.base_attributes("token") for _ in range(10)))
    assert set(found) == {BASE_ATTRIBUTES | {"base"}}
    assert glance.asked == 1


async def test_a_stale_schema_stands_while_the_next_is_fetched(
    glance: Glance, known: ImageSchema
) -> None:
    await known.base_attributes("token")
    glance.answer, glance.time = schema("new"), 3600.0
    glance.ready.clear()
    assert "new" not in await known.base_attributes("token")
    glance.ready.set()
    await settled()
    assert "new" in await known.base_attributes("token")
    assert glance.asked == 2


async def test_a_fetch_that_fails_is_tried_again_soon(glance: Glance, known: ImageSchema) -> None:
    glance.answer = Unavailable("down")
    assert await known.base_attributes("token") == BASE_ATTRIBUTES
    assert await known.base_attributes("token") == BASE_ATTRIBUTES
    assert glance.asked == 1
    glance.answer, glance.time = schema(), 10.0
    await known.base_attributes("token")
    await settled()
    assert "base" in await known.base_attributes("token")
    assert glance.asked == 2


async def test_a_fetch_under_way_ends_with_the_service(glance: Glance, known: ImageSchema) -> None:
    glance.ready.clear()
    asking = asyncio.create_task(known.base_attributes("token"))
    await settled()
    known.close()
    assert await asking == BASE_ATTRIBUTES


def test_a_property_that_the_operator_declares_is_no_attribute() -> None:
    assert parse_attributes(schema("more")) == {"base", "more"}


@pytest.mark.parametrize(
    "answer", [Response(500, [], b"{}"), Response(200, [], b"[]"), Response(200, [], b"{}")]
)
def test_what_is_no_schema_is_a_bad_answer(answer: Response) -> None:
    with pytest.raises(InvalidResponse):
        parse_attributes(answer)
