"""Creates images, uploads and downloads their data, and lists the files in the store."""

from pathlib import Path

from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.service import EmbeddedImageService
from tests.embedded.images import OWNER, chunks_of

PIECES = (b"a" * 3_000_000, b"", b"bc" * 1000)
DATA = b"".join(PIECES)


async def create_image(service: EmbeddedImageService, visibility: str = "private") -> str:
    """Create an image without data; return its id."""
    image = await service.create_image(
        OWNER, NewImage(visibility=visibility, disk_format="raw", container_format="bare")
    )
    return image.id


async def create_image_with_data(service: EmbeddedImageService) -> str:
    """Create an image and upload DATA; return its id."""
    image_id = await create_image(service)
    await service.data.upload(OWNER, image_id, chunks_of(*PIECES))
    return image_id


async def download(
    service: EmbeddedImageService, image_id: str, start: int = 0, end: int | None = None
) -> bytes:
    data = await service.data.find_data(OWNER, image_id)
    return b"".join([piece async for piece in await data.read(start, end)])


def stored_files(state: Path) -> list[str]:
    """Return the names of all files of image data and of upload locks."""
    return [path.name for name in ("data", "uploads") for path in (state / name).iterdir()]
