"""ImageFormats: the formats that images may have."""

from typing import NamedTuple


class ImageFormats(NamedTuple):
    """The disk formats and container formats that images may get: options of [image_format].

    Images that have others already keep them.
    """

    disk_formats: tuple[str, ...]
    container_formats: tuple[str, ...]
