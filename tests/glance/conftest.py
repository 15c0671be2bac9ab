"""Fixtures: an HTTP server whose handler a test provides, and a GlanceImageService for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from glimpse.app.gateway import glance_transport
from glimpse.glance import GlanceImageService, ImageLocks
from glimpse.glance.service_tokens import ServiceTokens
from glimpse.images import Caller
from glimpse.settings import load_settings
from tests.support.options import glance_options

CALLER = Caller("u", "p", token="secret")
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]
Connect = Callable[..., GlanceImageService]


def document(number: int, **properties: str) -> dict[str, str]:
    """Return the Image API document of an image, whose id has the number `number`."""
    date = "2024-01-01T00:00:00Z"
    attributes = {"status": "active", "owner": "p", "created_at": date, "updated_at": date}
    return {"id": f"image-{number}", "name": "x", **attributes, **properties}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A function that starts a server with a handler and returns its base URL."""
    runners: list[web.ServerRunner] = []

    async def start(handler: Handler) -> str:
        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[Connect]:
    """A function that opens a GlanceImageService for the servers with these URLs."""
    services: list[GlanceImageService] = []

    def start(
        *servers: str, service_tokens: ServiceTokens | None = None, **options: float
    ) -> GlanceImageService:
        images = GlanceImageService(
            glance_options(*servers, **options),
            glance_transport(load_settings()),
            ImageLocks(f"file://{tmp_path}", 5),
            service_tokens=service_tokens,
        )
        services.append(images)
        return images

    yield start
    for images in services:
        await images.close()
