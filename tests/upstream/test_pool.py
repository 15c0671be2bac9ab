"""ConnectionPool: which connections are kept, and for how long."""

import asyncio

import pytest

from glimpse.upstream.client import HttpClient
from glimpse.upstream.connection import Connection
from glimpse.upstream.connector import ConnectionOptions, Connector
from glimpse.upstream.pool import ConnectionPool
from glimpse.upstream.request_encoder import RequestEncoder
from glimpse.upstream.response_memory import ResponseMemory
from tests.support.options import tls_options
from tests.upstream.conftest import ScriptedServer, get, wait_until


def pool_of(server: ScriptedServer, open_connections: set[Connection]) -> ConnectionPool:
    options, memory = ConnectionOptions(tls_options(), 5.0, 5.0), ResponseMemory(1_000_000)
    connector = Connector(RequestEncoder(server.url), options, memory, open_connections)
    return ConnectionPool(connector, max_connections=10)


def request_to(server: ScriptedServer) -> bytes:
    return RequestEncoder(server.url).encode("GET", "/", {}, None)


async def test_connection_used_last_is_used_first(scripted: ScriptedServer) -> None:
    connections: set[Connection] = set()
    pool, request = pool_of(scripted, connections), request_to(scripted)
    await asyncio.gather(*(pool.send(request, 10) for _ in range(3)))
    for _ in range(5):
        await pool.send(request, 10)
    assert scripted.connections == len(connections) == 3
    assert len({connection.idle_since for connection in connections}) > 1
    for connection in list(connections):
        connection.close()


async def test_a_connection_closes_if_its_request_is_cancelled_just_after_the_response(
    scripted: ScriptedServer,
) -> None:
    connections: set[Connection] = set()
    pool, request = pool_of(scripted, connections), request_to(scripted)
    scripted.gate.clear()
    call = asyncio.create_task(pool.send(request, 10))
    await wait_until(lambda: bool(scripted.requests))
    (connection,) = connections
    scripted.gate.set()
    async with asyncio.timeout(5):
        while not connection.is_usable:  # noqa: ASYNC110  no event tells of this moment
            await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await wait_until(lambda: not connections)


async def test_only_connections_idle_for_long_are_closed(scripted: ScriptedServer) -> None:
    connections: set[Connection] = set()
    pool, request = pool_of(scripted, connections), request_to(scripted)
    await asyncio.gather(*(pool.send(request, 10) for _ in range(2)))
    oldest, _ = sorted(connections, key=lambda connection: connection.idle_since)
    oldest.idle_since -= 60
    assert pool.close_idle(30), "an idle connection is left"
    await wait_until(lambda: len(connections) == 1)
    assert oldest not in connections
    assert not pool.close_idle(0)
    await wait_until(lambda: not connections)


async def test_retired_pool_closes_connections_after_their_responses(
    scripted: ScriptedServer,
) -> None:
    connections: set[Connection] = set()
    pool, request = pool_of(scripted, connections), request_to(scripted)
    scripted.gate.clear()
    call = asyncio.create_task(pool.send(request, 10))
    await wait_until(lambda: bool(scripted.requests))
    pool.retire()
    scripted.gate.set()
    assert (await call).body == b"ok"
    await wait_until(lambda: not connections)


async def test_client_keeps_a_limited_number_of_servers(
    client: HttpClient, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glimpse.upstream.client._MAX_SERVERS", 2)
    for path in ("a", "b", "c"):
        assert (await get(client, f"{scripted.url}/{path}")).body == b"ok"
    await wait_until(lambda: scripted.ended == 1)
    assert scripted.connections == 3
