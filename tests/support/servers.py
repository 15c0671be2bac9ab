"""Servers for tests, and state directories that have some."""

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from glimpse.bulk_load.loading import load
from glimpse.embedded.servers.server_table import ServerTable
from glimpse.embedded.servers.snapshot_image import inheritance_of
from glimpse.embedded.service import EmbeddedImageService
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
    try:
        await load(images, (dict(document) for document in documents))
        await put_servers(state_dir, images, servers)
    finally:
        await images.close()


async def put_servers(
    state_dir: Path, images: EmbeddedImageService, servers: Iterable[Server]
) -> None:
    """Store servers, which inherit of their images in `images`."""
    stored = []
    for server in servers:
        base = await images.snapshots.get(server.image_id) if server.image_id else None
        stored.append(replace(server, inheritance=inheritance_of(server, base)))
    ServerTable(state_dir).put(stored)
