"""Reads from a replica, while it replicates, is paused, killed, hangs, and is promoted."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from glimpse.images.errors import ImageNotFound, Unavailable
from tests.glance_database.glance_tables import GlanceTables
from tests.glance_database.replicated_gateway import MAX_LAG, OWNER, ReplicatedGateway
from tests.glance_database.replication import Replication


@pytest.fixture
async def image_id(primary_tables: GlanceTables, replicated: ReplicatedGateway) -> str:
    """An image that the replica has, too, and whose name is ``old``."""
    image_id = await primary_tables.put_image(name="old")
    await replicated.until_replicated(image_id)
    return image_id


@pytest.fixture
async def paused(
    replication: Replication,
    image_id: str,
    replicated: ReplicatedGateway,
    primary_tables: GlanceTables,
) -> AsyncIterator[str]:
    """An image named ``old`` in the paused replica, and renamed to ``new`` in the primary.

    Somebody else has renamed it, less than MAX_LAG ago, after the gateway has read the replica.
    """
    assert (await replicated.get(image_id)).name == "old"
    await replication.pause()
    try:
        await primary_tables.execute("update images set name = 'new' where id = %s", image_id)
        yield image_id
    finally:
        await replication.resume()


async def test_images_and_lists_are_read_from_the_replica(
    paused: str, replicated: ReplicatedGateway
) -> None:
    assert (await replicated.get(paused)).name == "old"
    assert await replicated.list_names() == ["old"]


async def test_what_this_gateway_wrote_is_seen_while_replication_is_paused(
    paused: str, replicated: ReplicatedGateway, primary_tables: GlanceTables
) -> None:
    created = await primary_tables.put_image(name="created")
    for value in ("1", "2"):
        await replicated.write(created, value)
        assert (await replicated.get(created)).properties == {"key": value}
        assert await replicated.list_names() == ["created", "new"]
    assert (await replicated.get(paused)).name == "old"  # this gateway has not written it
    await replicated.images.delete_image(OWNER, created)
    with pytest.raises(ImageNotFound):
        await replicated.get(created)
    assert await replicated.list_names() == ["new"]


async def test_a_write_that_took_longer_than_max_lag_is_seen_when_it_is_acknowledged(
    image_id: str, replicated: ReplicatedGateway, replication: Replication
) -> None:
    async def read_and_pause() -> None:
        replicated.clock.shift += MAX_LAG + 1
        assert (await replicated.get(image_id)).properties == {}  # of a replica that is current
        await replication.pause()

    replicated.glance.before_patch = read_and_pause
    try:
        await replicated.write(image_id, "value")
        assert (await replicated.get(image_id)).properties == {"key": "value"}
        assert await replicated.list_names() == ["old"]
    finally:
        await replication.resume()


async def test_a_write_that_timed_out_counts_as_written(
    paused: str, replicated: ReplicatedGateway
) -> None:
    replicated.glance.is_slow = True
    with pytest.raises(Unavailable):
        await replicated.write(paused, "value")
    assert (await replicated.get(paused)).properties == {"key": "value"}


@pytest.mark.usefixtures("paused")
async def test_an_image_and_a_marker_that_the_replica_does_not_have_yet_are_found(
    replicated: ReplicatedGateway, primary_tables: GlanceTables
) -> None:
    created = await primary_tables.put_image(name="created")
    assert (await replicated.get(created)).name == "created"
    assert await replicated.list_names(marker=created) == ["old"]
    with pytest.raises(ImageNotFound):
        await replicated.get("missing")


async def test_a_replica_that_lags_too_much_is_not_read_until_it_has_caught_up(
    paused: str,
    replicated: ReplicatedGateway,
    replication: Replication,
    primary_tables: GlanceTables,
    caplog: pytest.LogCaptureFixture,
) -> None:
    replicated.clock.shift += MAX_LAG
    for _ in range(3):
        assert (await replicated.get(paused)).name == "new"
        assert await replicated.list_names() == ["new"]
    assert len(caplog.messages) == 1, caplog.messages
    assert f"127.0.0.1:{replication.replica.port} is not read: it " in caplog.messages[0]
    assert await replicated.images.replica_failure() is not None
    await replication.resume()
    await _until_current(replicated)
    assert "is current, and is read again" in caplog.messages[-1]
    await replication.pause()
    await primary_tables.execute("update images set name = 'newer' where id = %s", paused)
    assert (await replicated.get(paused)).name == "new"


async def _until_current(replicated: ReplicatedGateway) -> None:
    """Wait until the replica is, as the readiness check, which is run again and again, says."""
    async with asyncio.timeout(20):
        while await replicated.images.replica_failure() is not None:
            await asyncio.sleep(0.01)
            replicated.clock.shift += MAX_LAG / 4  # so that the primary's position is read again


async def test_an_idle_primary_is_not_lag(
    image_id: str, replicated: ReplicatedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        replicated.clock.shift += 10 * MAX_LAG
        await replicated.get(image_id)
        assert await replicated.images.replica_failure() is None
    assert caplog.messages == []


async def test_while_the_replica_is_down_the_primary_is_read(
    image_id: str, replicated: ReplicatedGateway, replication: Replication
) -> None:
    await replicated.get(image_id)
    replication.replica.kill()
    try:
        for _ in range(5):
            assert (await replicated.get(image_id)).name == "old"
            assert await replicated.list_names() == ["old"]
        assert await replicated.images.replica_failure() == "it cannot be read"
    finally:
        await asyncio.to_thread(replication.replica.start)
    await _until_current(replicated)


@pytest.fixture
def another_replica(replication: Replication, tmp_path: Path) -> Iterator[Replication]:
    """Another replica of the same primary."""
    with replication.start_replica(replication.primary, tmp_path) as another:
        yield another


async def test_a_promoted_replica_is_not_read(
    primary_tables: GlanceTables, another_replica: Replication, tmp_path: Path
) -> None:
    gateway = ReplicatedGateway(primary_tables, another_replica.replica.port, tmp_path)
    image_id = await primary_tables.put_image(name="old")
    await gateway.until_replicated(image_id)
    await gateway.get(image_id)
    await another_replica.promote()
    await another_replica.write_to_replica("update images set name = 'of another primary'")
    assert (await gateway.get(image_id)).name == "of another primary"  # for up to MAX_LAG
    for _ in range(3):
        gateway.clock.shift += MAX_LAG
        assert (await gateway.get(image_id)).name == "old"
        assert "replica" in str(await gateway.images.replica_failure())
    await gateway.close()
