"""apply_seed: writes the cloud that a seed describes to a new state directory."""

import asyncio
from collections.abc import AsyncIterator, Callable
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
from glimpse.seed.default_ids import DEFAULT_DATE
from glimpse.seed.image_data import find_data_problem, read_data
from glimpse.seed.parser import parse_seed
from glimpse.seed.seed import ImageSeed, Seed

_OPERATOR = Caller("seed", "seed", frozenset(("admin",)), is_admin=True)


def read_seed(path: Path, options: EmbeddedOptions) -> Seed:
    """Read and check the seed file `path` and the image data files that it names.

    Blocks. Nothing is written. The paths of data files are relative to the directory of `path`.
    `options` has the formats that images may have, and the rules for their data. Raises InvalidSeed
    with the problems that `parse_seed` finds, including image data files that cannot be read.
    Raises OSError if `path` cannot be read.
    """
    text = path.read_text("utf-8", "surrogateescape")
    check = partial(find_data_problem, rules=options.content_rules)
    return parse_seed(text, str(path), path.parent, options.image_formats, check)


async def apply_seed(
    seed: Seed,
    state_dir: Path,
    options: EmbeddedOptions,
    report_progress: Callable[[int], None] | None = None,
) -> None:
    """Write the identity, images and servers of `seed` to `state_dir`, which has no cloud yet.

    Creates a missing directory. The caller applies the fault rules of `seed`. Each application
    credential takes 0.23 s, to hash its secret. `report_progress` is called with the number of
    bytes of image data that have been read so far, of all images together.

    Raises OSError, InvalidStateFile, UnusableCatalog or an ImageServiceError if the directory
    cannot be used, or if a data file has changed since `read_seed`. A part of the cloud may then be
    written: discard the directory.
    """
    make_private_directory(state_dir)
    write_private_file(state_dir / FILE_NAME, encode_document(seed.identity))
    await asyncio.to_thread(IdentityFile, state_dir)  # hashes secrets
    now = DEFAULT_DATE

    def clock() -> str:
        return now

    progress = _Progress(report_progress)
    service = EmbeddedImageService.open(state_dir, options=options, clock=clock)
    try:
        await service.put([(_without_data(each), each.members) for each in seed.images])
        for seeded in seed.images:
            if seeded.data is not None:
                now = seeded.image.updated_at
                await _upload(service, seeded, progress.count(read_data(seeded)))
    finally:
        await service.close()
    if seed.servers is not None:
        await asyncio.to_thread(_store_servers, seed, state_dir)


class _Progress:
    """Counts the bytes of image data; calls `report` with the sum if `report` is not None."""

    def __init__(self, report: Callable[[int], None] | None) -> None:
        self._report = report
        self._bytes = 0

    async def count(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the chunks. After each chunk, add its size to the sum, and report the sum."""
        async for chunk in chunks:
            yield chunk
            self._bytes += len(chunk)
            if self._report is not None:
                self._report(self._bytes)


def _store_servers(seed: Seed, state_dir: Path) -> None:
    """Write the servers of `seed` to `state_dir`.

    Each server gets what its snapshots inherit from the server's image. An empty list makes the
    file of the servers, too, so that the cloud offers servers. Raises Unavailable if the servers
    cannot be written.
    """
    images = {each.image.id: each.image for each in seed.images}
    servers = [
        replace(each, inheritance=inheritance_of(each, images.get(each.image_id or "")))
        for each in seed.servers or ()
    ]
    ServerTable(state_dir).put(servers)  # also without servers: the file makes the cloud offer them


def _without_data(seeded: ImageSeed) -> Image:
    """Return the image as it is stored at first: queued if its data is uploaded afterwards."""
    return seeded.image if seeded.data is None else seeded.image._replace(status="queued")


async def _upload(
    service: EmbeddedImageService, seeded: ImageSeed, chunks: AsyncIterator[bytes]
) -> None:
    """Upload the data of a queued image, and give the image its status in the seed.

    The image is active after the upload; a second write sets another status. Raises an
    ImageServiceError if the data cannot be stored, and what `chunks` raises.
    """
    image = seeded.image
    await service.data.upload(_OPERATOR, image.id, chunks)
    if image.status != "active":
        await service.update_image(
            _OPERATOR, image.id, lambda stored: stored._replace(status=image.status)
        )
