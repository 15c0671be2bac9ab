"""ImageFormats: the disk formats and container formats that images may get."""

from typing import NamedTuple


class ImageFormats(NamedTuple):
    """The disk formats and container formats that images may get: options of [image_format].

    An image that already has another format keeps that format.
    """

    disk_formats: tuple[str, ...]
    container_formats: tuple[str, ...]
