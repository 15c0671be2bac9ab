"""Image data that tests upload, and how they look at what is stored of it."""

from pathlib import Path

from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.service import EmbeddedImageService
from tests.embedded.images import OWNER, chunks_of

PIECES = (b"a" * 3_000_000, b"", b"bc" * 1000)
DATA = b"".join(PIECES)


async def new_image(service: EmbeddedImageService, visibility: str = "private") -> str:
    made = await service.create_image(
        OWNER, NewImage(visibility=visibility, disk_format="raw", container_format="bare")
    )
    return made.id


async def uploaded(service: EmbeddedImageService) -> str:
    """The id of a new image that has DATA."""
    image_id = await new_image(service)
    await service.upload(OWNER, image_id, chunks_of(*PIECES))
    return image_id


async def download(
    service: EmbeddedImageService, image_id: str, start: int = 0, end: int | None = None
) -> bytes:
    data = await service.open_data(OWNER, image_id)
    return b"".join([piece async for piece in await data.read(start, end)])


def left_behind(state: Path) -> list[str]:
    """The names of the files of image data and of upload locks."""
    return [path.name for name in ("data", "uploads") for path in (state / name).iterdir()]
