"""A worker process sees what another has just written, before the replica has it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.glance_database.glance_tables import GlanceTables
from tests.glance_database.replicated_gateway import ReplicatedGateway
from tests.glance_database.replication import Replication
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess, free_port
from tests.support.racy_glance import RacyGlance
from tests.telemetry.test_metrics import scrape

MAX_LAG = 2.0  # seconds
REPLICA_READS = (
    'glimpse_service_calls_total{method="select"}{outcome="ok"}{service="glance_database_replica"}'
)
TOKEN = ("X-Auth-Token", "user:demo")


class TablesGlance(RacyGlance):
    """A Glance whose PATCH writes to the primary, in the event loop of the test."""

    def __init__(self, tables: GlanceTables) -> None:
        super().__init__(delay=0.0)
        self._tables = tables
        self._loop = asyncio.get_running_loop()

    def patch(self, image_id: str, operations: list[dict[str, str]]) -> dict[str, Any]:
        for operation in operations:
            key, value = operation["path"][1:], operation["value"]
            writing = self._tables.set_property(image_id, key, value)
            asyncio.run_coroutine_threadsafe(writing, self._loop).result()
        dates = dict.fromkeys(("created_at", "updated_at"), "2024-02-01T10:20:30Z")
        return {"id": image_id, "name": "image", "status": "active", "owner": "demo", **dates}


class Workers:
    """A gateway of two worker processes, with the port of its metrics."""

    def __init__(self, process: GlimpseProcess, metrics_port: int) -> None:
        self._process = process
        self._metrics_port = metrics_port

    async def send(self, method: str, path: str, body: bytes | None = None) -> Response:
        """Send a request over a connection of its own, which either worker may accept."""
        headers = [TOKEN, ("Content-Type", "application/json")]
        response = await asyncio.to_thread(
            request, self._process.address, method, f"/v2.1/images/{path}", headers, body
        )
        assert response.status == 200, str(response)
        return response

    async def until_replica_is_read(self, path: str) -> None:
        """Read until both workers read the replica: for a moment, it is all that they read."""
        reads = 40
        async with asyncio.timeout(20):
            while True:
                before = await asyncio.to_thread(scrape, self._metrics_port)
                await asyncio.gather(*[self.send("GET", path) for _ in range(reads)])
                after = await asyncio.to_thread(scrape, self._metrics_port)
                if after.get(REPLICA_READS, 0) - before.get(REPLICA_READS, 0) >= reads:
                    return


@pytest.fixture
async def workers(
    replication: Replication, primary_tables: GlanceTables, tmp_path: Path
) -> AsyncIterator[Workers]:
    glance, port = TablesGlance(primary_tables), free_port()
    conf = tmp_path / "glimpse.conf"
    conf.write_text(
        f"""[glimpse]
image_service = glance
workers = 2
[api]
auth_strategy = noauth
[metrics]
port = {port}
[glance]
api_servers = {glance.base_url}
[glance_database]
connection = {primary_tables.url}
replica_connection = {primary_tables.url_at(replication.replica.port)}
max_replica_lag = {MAX_LAG}
fallback = refuse
"""
    )
    arguments = ["--config-file", str(conf)]
    process = GlimpseProcess(tmp_path / "state", arguments=arguments)
    glance.start()
    try:
        await asyncio.to_thread(process.start)
        yield Workers(process, port)
    finally:
        await asyncio.to_thread(process.stop)
        glance.stop()


async def test_every_worker_sees_what_another_one_wrote_while_replication_is_paused(
    workers: Workers,
    replicated: ReplicatedGateway,
    replication: Replication,
    primary_tables: GlanceTables,
) -> None:
    image_id = await primary_tables.put_image()
    await replicated.until_replicated(image_id)
    await workers.until_replica_is_read(image_id)
    await replication.pause()
    try:
        body = json.dumps({"meta": {"key": "value"}}).encode()
        await workers.send("PUT", f"{image_id}/metadata/key", body)
        for _ in range(20):  # in far less than MAX_LAG, after which all would read the primary
            shown = await workers.send("GET", f"{image_id}/metadata")
            assert shown.json()["metadata"] == {"key": "value"}
            listed = await workers.send("GET", "detail")
            assert listed.json()["images"][0]["metadata"] == {"key": "value"}
    finally:
        await replication.resume()
