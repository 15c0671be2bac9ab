"""ImageSchema: when Glance's schema is fetched, and which attributes it has."""

import asyncio
import json

import pytest

from glimpse.glance.schema import ImageSchema, SchemaKeys, parse_schema
from glimpse.images import BASE_ATTRIBUTES
from glimpse.images.errors import InvalidResponse, Unavailable
from glimpse.upstream.transport import Response


def schema(*attributes: str) -> Response:
    described = {"base": {"type": "string"}, "own": {"is_base": False}}
    described |= {name: {"is_base": True} for name in attributes}
    return Response(200, [], json.dumps({"name": "image", "properties": described}).encode())


class Glance:
    """A Glance that sends its schema when `ready` is set, or fails; counts requests."""

    def __init__(self) -> None:
        self.result: Response | Exception = schema()
        self.requests = 0
        self.ready = asyncio.Event()
        self.ready.set()
        self.time = 0.0

    async def fetch(self, token: str) -> Response:
        assert token == "token"
        self.requests += 1
        await self.ready.wait()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


async def run_tasks() -> None:
    """Run all tasks until each waits."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def glance() -> Glance:
    return Glance()


@pytest.fixture
def image_schema(glance: Glance) -> ImageSchema:
    return ImageSchema(glance.fetch, 3600, clock=lambda: glance.time)


async def test_concurrent_callers_share_a_fetch(glance: Glance, image_schema: ImageSchema) -> None:
    found = await asyncio.gather(*(image_schema.base_attributes("token") for _ in range(10)))
    assert set(found) == {BASE_ATTRIBUTES | {"base"}}
    assert glance.requests == 1


async def test_stale_attributes_are_used_while_the_schema_is_fetched_again(
    glance: Glance, image_schema: ImageSchema
) -> None:
    await image_schema.base_attributes("token")
    glance.result, glance.time = schema("new"), 3600.0
    glance.ready.clear()
    assert "new" not in await image_schema.base_attributes("token")
    glance.ready.set()
    await run_tasks()
    assert "new" in await image_schema.base_attributes("token")
    assert glance.requests == 2


async def test_failed_fetch_is_repeated_soon(glance: Glance, image_schema: ImageSchema) -> None:
    glance.result = Unavailable("down")
    assert await image_schema.base_attributes("token") == BASE_ATTRIBUTES
    assert await image_schema.base_attributes("token") == BASE_ATTRIBUTES
    assert glance.requests == 1
    glance.result, glance.time = schema(), 10.0
    await image_schema.base_attributes("token")
    await run_tasks()
    assert "base" in await image_schema.base_attributes("token")
    assert glance.requests == 2


async def test_close_cancels_a_fetch_in_progress(glance: Glance, image_schema: ImageSchema) -> None:
    glance.ready.clear()
    caller = asyncio.create_task(image_schema.base_attributes("token"))
    await run_tasks()
    image_schema.close()
    assert await caller == BASE_ATTRIBUTES


def test_property_declared_by_the_operator_is_no_attribute() -> None:
    assert parse_schema(schema("more")) == SchemaKeys(
        frozenset(("base", "more")), frozenset(("base", "more", "own"))
    )


@pytest.mark.parametrize(
    "response", [Response(500, [], b"{}"), Response(200, [], b"[]"), Response(200, [], b"{}")]
)
def test_anything_but_a_schema_is_an_invalid_response(response: Response) -> None:
    with pytest.raises(InvalidResponse):
        parse_schema(response)
