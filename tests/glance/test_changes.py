"""GlanceImageService.change_properties: which keys change, also with concurrent writers."""

import asyncio
import json

import pytest
from aiohttp import web

from glimpse.images import PropertyChanges
from glimpse.images.errors import PropertyLimitExceeded, PropertyNotFound
from tests.glance.conftest import CALLER, Connect, Serve, document


class LossyGlance:
    """A Glance with one image, whose PATCH reads the image, waits, and writes all of it."""

    def __init__(self) -> None:
        self.image = document(1, old="1", kept="2")
        self.methods: list[str] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/v2/schemas/image":
            return web.json_response({"properties": {"new_in_glance": {}}})
        self.methods.append(request.method)
        if request.method == "PATCH":
            read = dict(self.image)
            for change in json.loads(await request.read()):
                key = change["path"][1:].replace("~1", "/").replace("~0", "~")
                if change["op"] == "remove":
                    del read[key]
                else:
                    read[key] = change["value"]
            await asyncio.sleep(0.005)  # in which another change could begin
            self.image = read
        return web.json_response(self.image)


async def test_change_touches_only_the_named_keys_with_two_requests(
    serve: Serve, connect: Connect
) -> None:
    glance = LossyGlance()
    service = connect(await serve(glance))
    changes = PropertyChanges(set={"a/b~c": "3"}, remove=frozenset({"old"}))
    changed = await service.change_properties(CALLER, "image-1", changes)
    assert changed.properties == {"kept": "2", "a/b~c": "3"}
    assert glance.methods == ["GET", "PATCH"]


async def test_attribute_of_the_schema_is_no_property(serve: Serve, connect: Connect) -> None:
    glance = LossyGlance()
    glance.image["new_in_glance"] = "1"
    service = connect(await serve(glance))
    assert (await service.get_image(CALLER, "image-1")).properties == {"old": "1", "kept": "2"}
    assert "new_in_glance" in await service.base_attributes(CALLER)


async def test_replacing_removes_all_other_properties(serve: Serve, connect: Connect) -> None:
    service = connect(await serve(LossyGlance()))
    changes = PropertyChanges(set={"new": "1"}, replace=True, keep=frozenset({"kept"}))
    changed = await service.change_properties(CALLER, "image-1", changes)
    assert changed.properties == {"kept": "2", "new": "1"}


async def test_impossible_change_sends_no_patch(serve: Serve, connect: Connect) -> None:
    glance = LossyGlance()
    service = connect(await serve(glance))
    with pytest.raises(PropertyNotFound):
        await service.change_properties(CALLER, "image-1", PropertyChanges(remove=frozenset("x")))
    with pytest.raises(PropertyLimitExceeded):
        await service.change_properties(CALLER, "image-1", PropertyChanges({"x": "1"}, limit=2))
    assert "PATCH" not in glance.methods


async def test_concurrent_writers_keep_each_others_keys(serve: Serve, connect: Connect) -> None:
    url = await serve(LossyGlance())
    # The two services share only the lock files, as two processes would.
    services = [connect(url), connect(url)]
    await asyncio.gather(
        *(
            services[number % 2].change_properties(
                CALLER, "image-1", PropertyChanges(set={f"key{number}": "v"})
            )
            for number in range(40)
        )
    )
    after = (await services[0].get_image(CALLER, "image-1")).properties
    assert {f"key{number}" for number in range(40)} <= after.keys()
