"""apply_seed: makes the cloud of a seed in a new state directory, through the ports of the APIs."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

from glimpse.embedded.options import EmbeddedOptions
from glimpse.embedded.servers.server_table import ServerTable
from glimpse.embedded.servers.snapshot_image import inheritance_of
from glimpse.embedded.service import EmbeddedImageService
from glimpse.identity.embedded.identity_document import encode_document
from glimpse.identity.embedded.identity_file import FILE_NAME, IdentityFile
from glimpse.identity.embedded.private_files import make_private_directory, write_private_file
from glimpse.images import Caller, Image
from glimpse.seed.default_values import DEFAULT_DATE
from glimpse.seed.image_data import find_data_problem, read_data
from glimpse.seed.parser import parse_seed
from glimpse.seed.seed import ImageSeed, Seed

_OPERATOR = Caller("seed", "seed", frozenset(("admin",)), is_admin=True)


def read_seed(path: Path, options: EmbeddedOptions) -> Seed:
    """Return the seed in the file `path`, after checking all of it and the data that it names.

    Writes nothing. Raises InvalidSeed with all problems, and OSError if `path` cannot be read.
    """
    text = path.read_text("utf-8", "surrogateescape")
    check = partial(find_data_problem, rules=options.content_rules)
    return parse_seed(text, str(path), path.parent, options.image_formats, check)


async def apply_seed(seed: Seed, state_dir: Path, options: EmbeddedOptions) -> None:
    """Write the users, images and servers of `seed` to `state_dir`, which has no cloud yet.

    Its faults are left to the caller. Hashing the secret of an application credential takes 0.23 s.
    Raises OSError, InvalidStateFile, UnusableCatalog, or an error of `images.errors` if the
    directory cannot be used, or if data has changed since `read_seed`; then the directory is
    incomplete.
    """
    make_private_directory(state_dir)
    write_private_file(state_dir / FILE_NAME, encode_document(seed.identity))
    await asyncio.to_thread(IdentityFile, state_dir)  # hashes secrets
    now = DEFAULT_DATE

    def clock() -> str:
        return now

    service = EmbeddedImageService.open(state_dir, options=options, clock=clock)
    try:
        await service.put([(_without_data(each), each.members) for each in seed.images])
        for seeded in seed.images:
            if seeded.data is not None:
                now = seeded.image.updated_at
                await _upload(service, seeded)
    finally:
        await service.close()
    if seed.servers is not None:
        await asyncio.to_thread(_store_servers, seed, state_dir)


def _store_servers(seed: Seed, state_dir: Path) -> None:
    """Store the servers, with what snapshots inherit from their images. Raises Unavailable."""
    images = {each.image.id: each.image for each in seed.images}
    servers = [
        replace(each, inheritance=inheritance_of(each, images.get(each.image_id or "")))
        for each in seed.servers or ()
    ]
    ServerTable(state_dir).put(servers)  # the file alone makes the cloud one with servers


def _without_data(seeded: ImageSeed) -> Image:
    """Return the image as it is before its data is uploaded."""
    return seeded.image if seeded.data is None else seeded.image._replace(status="queued")


async def _upload(service: EmbeddedImageService, seeded: ImageSeed) -> None:
    """Upload the data of a queued image, and give the image its status."""
    image = seeded.image
    await service.data.upload(_OPERATOR, image.id, read_data(seeded))
    if image.status != "active":
        await service.update_image(
            _OPERATOR, image.id, lambda stored: stored._replace(status=image.status)
        )
