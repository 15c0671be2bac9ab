"""ReplicatedGateway: image service over a primary and its replica; a Glance that writes."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from glimpse.app.glance_policy import read_glance_rules
from glimpse.glance import GlanceImageService, ImageLocks
from glimpse.glance_database.connector import find_driver
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.database_url import parse_database_url
from glimpse.glance_database.errors import DatabaseError
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.options import DatabaseOptions
from glimpse.glance_database.primary_positions import PrimaryPositions
from glimpse.glance_database.recent_writes import RecentWrites
from glimpse.glance_database.replicas import ReplicatedDatabase, open_replicas
from glimpse.glance_database.replicated_reads import ReplicatedReads
from glimpse.glance_database.service import GlanceDatabaseImageService
from glimpse.glance_database.statements import select_image
from glimpse.images import Caller, Image, ImageQuery, PropertyChanges
from glimpse.upstream.transport import Response
from tests.glance_database.glance_tables import GlanceTables
from tests.support.options import glance_options

OWNER = Caller("user", "demo", frozenset(("reader", "member")), token="token")
MAX_LAG = 30.0  # seconds of the clock: nothing that a test does takes as long


class ShiftedClock:
    """The real clock, which tests put forward."""

    def __init__(self) -> None:
        self.shift = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.shift


class TablesGlance:
    """A Transport to a Glance that writes to `tables`.

    A PATCH sets properties, after `before_patch`; a DELETE deletes. With `is_slow`, the response is
    a timeout.
    """

    def __init__(self, tables: GlanceTables) -> None:
        self._tables = tables
        self.is_slow = False
        self.before_patch: Callable[[], Awaitable[None]] | None = None

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
        if target == "/v2/schemas/image":
            return Response(200, [], b'{"properties":{}}')
        image_id = target.rpartition("/")[2]
        if method == "PATCH":
            if self.before_patch is not None:
                await self.before_patch()
            for operation in json.loads(body or b""):
                await self._tables.set_property(image_id, operation["path"][1:], operation["value"])
        elif method == "DELETE":
            await self._tables.execute("update images set deleted = true where id = %s", image_id)
        if self.is_slow:
            raise TimeoutError
        return Response(200, [], json.dumps(_document(image_id)).encode())

    async def close(self) -> None:
        """Do nothing."""


def _document(image_id: str) -> dict[str, Any]:
    dates = dict.fromkeys(("created_at", "updated_at"), "2024-02-01T10:20:30Z")
    return {"id": image_id, "name": "from Glance", "status": "active", "owner": "demo", **dates}


class ReplicatedGateway:
    """The image service; while replication is paused, its data shows where it was read.

    `clock` begins when everything before it is older than MAX_LAG.
    """

    def __init__(self, tables: GlanceTables, replica_port: int, directory: Path) -> None:
        self.clock = ShiftedClock()
        self.glance = TablesGlance(tables)
        options = _options(tables.url)
        replica_options = _options(tables.url_at(replica_port))
        driver = find_driver(options.url)
        self.primary = GlanceDatabase(options, driver)
        self.positions = PrimaryPositions(self.primary, MAX_LAG, options.timeout / 4, self.clock)
        self.replicas = open_replicas(replica_options, driver, self.positions, self.clock)
        self._connect_to_replica = partial(
            driver, replica_options.url, replica_options.url.hosts[0]
        )
        either = ReplicatedDatabase(self.primary, self.replicas, options.timeout, self.clock)
        api = GlanceImageService(
            glance_options("http://glance"), self.glance, ImageLocks(f"file://{directory}", 5)
        )
        keys, rules = api.schema.all_keys, read_glance_rules()
        self.images = GlanceDatabaseImageService(
            api,
            self.primary,
            ImageReader(self.primary, rules, keys, options.page_size),
            falls_back=False,
            replicated=ReplicatedReads(
                ImageReader(either, rules, keys, options.page_size),
                RecentWrites(MAX_LAG, memoryview(bytearray(8 * 4096)).cast("d"), self.clock),
                self.replicas,
                self.positions,
            ),
        )
        self.clock.shift += MAX_LAG + 1

    async def get(self, image_id: str) -> Image:
        return await self.images.get_image(OWNER, image_id)

    async def list_names(self, **query: Any) -> list[str | None]:
        pages = [page async for page in self.images.list_images(OWNER, ImageQuery(**query))]
        return [image.name for page in pages for image in page.images]

    async def write(self, image_id: str, value: str) -> None:
        """Set the property ``key``."""
        await self.images.change_properties(OWNER, image_id, PropertyChanges(set={"key": value}))

    async def until_replicated(self, image_id: str) -> None:
        """Wait until the replica's tables have an image."""
        statement = select_image(self.primary.dialect, image_id, None)
        async with asyncio.timeout(20):
            while True:
                await asyncio.sleep(0.01)
                with contextlib.suppress(DatabaseError):  # neither has it the tables yet
                    connection = await self._connect_to_replica(1.0)
                    try:
                        if await connection.fetch(statement):
                            return
                    finally:
                        connection.close()

    async def close(self) -> None:
        await self.images.close()


def _options(url: str) -> DatabaseOptions:
    return DatabaseOptions(
        url=parse_database_url(url),
        falls_back=False,
        pool_size=2,
        connect_timeout=1.0,
        timeout=4.0,
        page_size=100,
    )
