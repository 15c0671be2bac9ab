"""Values of requests, and settings of the server, with which a query could go wrong."""

import time
from collections.abc import AsyncIterator

import pytest

from glimpse.glance_database.image_reader import ImageReader
from glimpse.images import Caller, ImageQuery
from glimpse.images.errors import ImageNotFound, InvalidResponse
from tests.glance_database.conftest import DatabaseServer
from tests.glance_database.glance_tables import GlanceTables

_OWNER = Caller("user", "demo", frozenset(("reader",)))
_FILTERS = 100  # in joins, PostgreSQL would need more than a minute for them


@pytest.fixture
async def server_charset(server: DatabaseServer, tables: GlanceTables) -> AsyncIterator[str]:
    """The character set of MariaDB's sessions, whatever clients choose at the login."""
    if server.dialect != "mysql":
        pytest.skip("clients of PostgreSQL choose the encoding")
    await tables.execute("set global init_connect = 'set names gbk'")
    yield "gbk"
    await tables.execute("set global init_connect = ''")


async def test_an_image_is_found_by_many_properties_and_tags_in_short_time(
    tables: GlanceTables, reader: ImageReader
) -> None:
    properties = {f"key{number}": "value" for number in range(_FILTERS)}
    tags = [f"tag{number}" for number in range(_FILTERS)]
    image_id = await tables.put_image(properties=properties, tags=tags)
    await tables.put_image(properties={**properties, "key99": "other"}, tags=tags)
    await tables.put_image(properties=properties, tags=tags[:-1])
    began = time.monotonic()
    query = ImageQuery(properties=properties, tags=tuple(tags))
    pages = [page async for page in reader.list_images(_OWNER, query)]
    assert [image.id for page in pages for image in page.images] == [image_id]
    assert time.monotonic() - began < 5.0  # or a query ends at the default timeout


@pytest.mark.parametrize("text", ["é", "中", "縗' OR 1=1 -- "])
async def test_the_character_set_of_the_server_does_not_change_values(
    text: str, server_charset: str, tables: GlanceTables, reader: ImageReader
) -> None:
    """In GBK, the last byte of the last text and the backslash that escapes its quote are one."""
    assert server_charset == "gbk"
    image_id = await tables.put_image(name=text, properties={"key": text})
    await tables.put_image(name="other", owner="alt", visibility="private")
    query = ImageQuery(names=(text,), properties={"key": text})
    pages = [page async for page in reader.list_images(_OWNER, query)]
    assert [(image.id, image.name) for page in pages for image in page.images] == [(image_id, text)]


async def test_an_image_of_more_than_16_mib_is_not_read_and_others_are_listed(
    tables: GlanceTables, reader: ImageReader
) -> None:
    small = await tables.put_image()
    large = await tables.put_image(properties={f"key{n}": "x" * 65_535 for n in range(257)})
    with pytest.raises(InvalidResponse):
        await reader.get_image(_OWNER, large)
    pages = [page async for page in reader.list_images(_OWNER, ImageQuery())]
    assert [image.id for page in pages for image in page.images] == [small]


async def test_an_id_with_an_accent_is_not_that_of_the_image_without_it(
    tables: GlanceTables, reader: ImageReader
) -> None:
    image_id = await tables.put_image(id="0e000000-0000-4000-8000-00000000000e")
    accented = image_id.replace("0", "\uff10").replace("e", "é")
    with pytest.raises(ImageNotFound):
        await reader.get_image(_OWNER, accented)
