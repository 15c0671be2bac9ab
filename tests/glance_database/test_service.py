"""The image service: which calls go to the database, which to Glance's API, and when."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from glimpse.app.glance_policy import read_glance_rules
from glimpse.app.policy_files import PolicyFiles
from glimpse.glance import GlanceImageService, ImageLocks
from glimpse.glance_database.connection import Rows, Statement
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.errors import DatabaseUnavailable
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.service import GlanceDatabaseImageService
from glimpse.images import Caller, ImageQuery, PropertyChanges, Sort
from glimpse.images.errors import Forbidden, ImageNotFound, PropertyNotFound, Unavailable
from glimpse.upstream.transport import Response
from tests.glance_database.glance_tables import GlanceTables
from tests.support.options import glance_options
from tests.support.policy import write_policy

OWNER = Caller("user", "demo", frozenset(("reader", "member")), token="token")


class FakeGlance:
    """A Transport to a Glance that has `images`, newest first; `calls` are the requests."""

    def __init__(self) -> None:
        self.images: list[str] = []
        self.calls: list[str] = []
        self.patches: list[object] = []

    async def request(
        self,
        method: str,
        base_url: str,  # noqa: ARG002  the port's signature
        target: str,
        headers: Mapping[str, str],  # noqa: ARG002  likewise
        body: bytes | None = None,
        *,
        max_response_bytes: int,  # noqa: ARG002  likewise
    ) -> Response:
        url = urlsplit(target)
        if url.path == "/v2/schemas/image":
            return Response(200, [], b'{"properties":{}}')
        self.calls.append(f"{method} {url.path}")
        if method == "DELETE":
            return Response(204, [], b"")
        if method == "PATCH":
            self.patches.append(json.loads(body or b""))
        if url.path != "/v2/images":
            return _response(_document(url.path.rpartition("/")[2]))
        query = parse_qs(url.query)
        after = self.images.index(query["marker"][0]) + 1 if "marker" in query else 0
        listed = self.images[after : after + int(query["limit"][0])]
        return _response({"images": [_document(image_id) for image_id in listed]})

    async def close(self) -> None:
        """Do nothing."""


def _document(image_id: str) -> dict[str, object]:
    dates = dict.fromkeys(("created_at", "updated_at"), "2024-02-01T10:20:30Z")
    return {"id": image_id, "name": "from Glance", "status": "active", "owner": "demo", **dates}


def _response(document: object) -> Response:
    return Response(200, [], json.dumps(document).encode())


class FailingDatabase(GlanceDatabase):
    """A GlanceDatabase that fails after so many more statements, if `remaining` is set."""

    remaining: int | None = None

    async def fetch(self, statement: Statement, seconds: float | None = None) -> Rows:
        if self.remaining is not None:
            if self.remaining == 0:
                raise DatabaseUnavailable("the test says so")
            self.remaining -= 1
        return await super().fetch(statement, seconds)


class Gateway:
    """The service over `glance` and `database`."""

    def __init__(
        self, options: DatabaseOptions, directory: Path, policy: Mapping[str, object] | None
    ) -> None:
        self.glance = FakeGlance()
        self.database = FailingDatabase(options, find_driver(options.url))
        rules = None
        if policy is not None:
            rules = PolicyFiles(write_policy(directory / "policy.yaml", policy), ())
        api = GlanceImageService(
            glance_options("http://glance"),
            self.glance,
            ImageLocks(f"file://{directory}", 5),
            rules=rules,
        )
        keys = api.schema.all_keys
        reader = ImageReader(self.database, read_glance_rules(), keys, options.page_size)
        self.images = GlanceDatabaseImageService(
            api, self.database, reader, falls_back=options.falls_back, rules=rules
        )

    async def list_names(self, query: ImageQuery) -> list[str | None]:
        pages = [page async for page in self.images.list_images(OWNER, query)]
        assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]
        return [image.name for page in pages for image in page.images]


@pytest.fixture
async def gateway(
    request: pytest.FixtureRequest, options: DatabaseOptions, tmp_path: Path
) -> AsyncIterator[Gateway]:
    """A gateway that falls back to Glance's API; an indirect parameter has rules of Glimpse."""
    policy = getattr(request, "param", None)
    gateway = Gateway(replace(options, falls_back=True), tmp_path, policy)
    yield gateway
    await gateway.images.close()


@pytest.fixture
async def refusing(options: DatabaseOptions, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway without a fallback."""
    gateway = Gateway(replace(options, falls_back=False), tmp_path, None)
    yield gateway
    await gateway.images.close()


async def test_reads_do_not_call_glance(tables: GlanceTables, gateway: Gateway) -> None:
    image_id = await tables.put_image(name="from the database")
    assert (await gateway.images.get_image(OWNER, image_id)).name == "from the database"
    assert await gateway.list_names(ImageQuery()) == ["from the database"]
    assert gateway.glance.calls == []


async def test_a_change_of_properties_is_one_call_that_depends_on_the_database(
    tables: GlanceTables, gateway: Gateway
) -> None:
    image_id = await tables.put_image(properties={"old": "1", "same": "2"})
    changes = PropertyChanges(set={"same": "2", "new": "3"}, replace=True)
    await gateway.images.change_properties(OWNER, image_id, changes)
    assert gateway.glance.calls == [f"PATCH /v2/images/{image_id}"]
    remove, add = {"op": "remove", "path": "/old"}, {"op": "add", "path": "/new", "value": "3"}
    assert gateway.glance.patches == [[remove, add]]


async def test_a_change_that_is_not_possible_is_no_call(
    tables: GlanceTables, gateway: Gateway
) -> None:
    image_id = await tables.put_image(visibility="private", owner="other")
    with pytest.raises(ImageNotFound):
        await gateway.images.change_properties(OWNER, image_id, PropertyChanges(set={"a": "b"}))
    own = await tables.put_image()
    with pytest.raises(PropertyNotFound):
        await gateway.images.change_properties(
            OWNER, own, PropertyChanges(set={}, remove=frozenset(("missing",)))
        )
    assert gateway.glance.calls == []


async def test_a_deletion_is_one_call(gateway: Gateway) -> None:
    await gateway.images.delete_image(OWNER, "image")
    assert gateway.glance.calls == ["DELETE /v2/images/image"]


async def test_a_list_with_an_order_of_its_own_is_glances(gateway: Gateway) -> None:
    gateway.glance.images = ["image"]
    query = ImageQuery(sort=(Sort("name", "asc"),))
    assert await gateway.list_names(query) == ["from Glance"]


async def test_while_the_database_fails_reads_call_glance(
    tables: GlanceTables, gateway: Gateway
) -> None:
    image_id = await tables.put_image(name="from the database")
    gateway.glance.images = [image_id]
    gateway.database.remaining = 0
    assert (await gateway.images.get_image(OWNER, image_id)).name == "from Glance"
    assert await gateway.list_names(ImageQuery()) == ["from Glance"]
    await gateway.images.change_properties(OWNER, image_id, PropertyChanges(set={"a": "b"}))
    path = f"/v2/images/{image_id}"
    assert gateway.glance.calls == [f"GET {path}", "GET /v2/images", f"GET {path}", f"PATCH {path}"]
    gateway.database.remaining = None
    assert await gateway.list_names(ImageQuery()) == ["from the database"]


@pytest.mark.parametrize("limit", [None, 4, 5, 7, 8])
async def test_glance_goes_on_where_the_database_failed_in_a_list(
    limit: int | None, tables: GlanceTables, gateway: Gateway
) -> None:
    ids = [await tables.put_image(name="from the database") for _ in range(7)]
    gateway.glance.images = ids[::-1]
    gateway.database.remaining = 2  # the window of dates and the first page
    names = await gateway.list_names(ImageQuery(limit=limit))
    wanted = 7 if limit is None else min(7, limit)
    assert names == ["from the database"] * 3 + ["from Glance"] * (wanted - 3)


async def test_without_a_fallback_reads_are_unavailable_while_the_database_fails(
    tables: GlanceTables, refusing: Gateway
) -> None:
    image_id = await tables.put_image()
    refusing.database.remaining = 0
    with pytest.raises(Unavailable):
        await refusing.images.get_image(OWNER, image_id)
    with pytest.raises(Unavailable):
        await refusing.list_names(ImageQuery())
    with pytest.raises(Unavailable):
        await refusing.images.change_properties(OWNER, image_id, PropertyChanges(set={"a": "b"}))
    assert refusing.glance.calls == []


async def test_a_value_that_the_database_cannot_compare_is_left_to_glance(
    refusing: Gateway,
) -> None:
    assert (await refusing.images.get_image(OWNER, "a\0b")).name == "from Glance"


@pytest.mark.parametrize("gateway", [{"get_image": "'yes':%(listed)s"}], indirect=True)
async def test_the_operators_rules_hide_images(tables: GlanceTables, gateway: Gateway) -> None:
    for number in range(8):
        properties = {"listed": "yes"} if number % 2 else {}
        await tables.put_image(name=str(number), properties=properties)
    assert await gateway.list_names(ImageQuery()) == ["7", "5", "3", "1"]
    assert await gateway.list_names(ImageQuery(limit=3)) == ["7", "5", "3"]
    hidden = await tables.put_image()
    with pytest.raises(ImageNotFound):
        await gateway.images.get_image(OWNER, hidden)


@pytest.mark.parametrize("gateway", [{"get_images": "!", "delete_image": "!"}], indirect=True)
async def test_the_operators_rules_forbid_operations(
    tables: GlanceTables, gateway: Gateway
) -> None:
    image_id = await tables.put_image()
    with pytest.raises(Forbidden):
        await gateway.list_names(ImageQuery())
    with pytest.raises(Forbidden):
        await gateway.images.delete_image(OWNER, image_id)
    assert gateway.glance.calls == []
