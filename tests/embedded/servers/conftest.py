"""Fixtures: servers whose snapshots wait until the test lets them go on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from glimpse.embedded.servers.service import EmbeddedServers
from glimpse.embedded.service import EmbeddedImageService
from glimpse.servers.server import Server
from tests.embedded.images import OWNER, make
from tests.support.servers import make_server, put_servers

SNAPSHOT_SECONDS = 10.0
Put = Callable[..., Awaitable[None]]


class Waits:
    """The waits of snapshots: each ends when the test calls the function that `next` returns."""

    def __init__(self) -> None:
        self._begun: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def sleep(self, seconds: float) -> None:
        """Wait for the test."""
        assert seconds == SNAPSHOT_SECONDS / 2
        event = asyncio.Event()
        self._begun.put_nowait(event)
        await event.wait()

    async def next(self) -> asyncio.Event:
        """Return the next wait when it has begun; the test sets the event to end it."""
        return await self._begun.get()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
async def servers(
    state: Path, service: EmbeddedImageService, waits: Waits
) -> AsyncIterator[EmbeddedServers]:
    """Servers beside the images of `service`."""
    opened = open_servers(state, service, waits)
    yield opened
    await opened.close()


@pytest.fixture
def put(state: Path, service: EmbeddedImageService) -> Put:
    """A function that stores servers."""

    async def put(*servers: Server) -> None:
        await put_servers(state, service, servers)

    return put


def open_servers(state: Path, service: EmbeddedImageService, waits: Waits) -> EmbeddedServers:
    return EmbeddedServers(state, service, snapshot_seconds=SNAPSHOT_SECONDS, sleep=waits.sleep)


@pytest.fixture
async def server(service: EmbeddedImageService, put: Put) -> Server:
    """A server of OWNER, made of an image with a property."""
    image_id = await make(service, os_distro="debian", min_disk=3)
    made = make_server(image_id=image_id)
    await put(made)
    return made


async def status(service: EmbeddedImageService, image_id: str) -> str:
    return (await service.get_image(OWNER, image_id)).status


async def task(servers: EmbeddedServers, server: Server) -> str | None:
    return (await servers.get_server(OWNER, server.id)).task_state
