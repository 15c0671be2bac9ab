"""Servers for tests, and state directories that have some."""

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glimpse.embedded.servers.service import EmbeddedServers
from glimpse.image_api.bulk_load import load
from glimpse.servers.server import Server
from tests.support.embedded import open_images

CREATED = "2024-02-01T10:20:30Z"


def make_server(**changes: Any) -> Server:
    """Return an active server of the project ``owner``; `changes` replace attributes."""
    attributes: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "name": "server",
        "project_id": "owner",
        "user_id": "u-owner",
        "image_id": str(uuid.uuid4()),
        "status": "ACTIVE",
        "created_at": CREATED,
        "updated_at": CREATED,
    }
    return Server(**attributes | changes)


def seed_servers(
    state_dir: Path, servers: Iterable[Server], images: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Store images and servers in a state directory that no process uses."""
    asyncio.run(_seed(state_dir, list(servers), list(images)))


async def _seed(state_dir: Path, servers: list[Server], documents: list[Mapping[str, Any]]) -> None:
    images = open_images(state_dir)
    opened = EmbeddedServers(state_dir, images)
    try:
        await load(images, (dict(document) for document in documents))
        await opened.put(servers)
    finally:
        await opened.close()
        await images.close()
