"""The data of seeded images: read from files or generated, and checked before it is stored."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from io import BytesIO

from glimpse.embedded.content_check import ContentRules, InvalidImageData, check_content
from glimpse.embedded.format_inspection import inspect_formats
from glimpse.seed.errors import InvalidSeed, Problem
from glimpse.seed.seed import FileData, GeneratedData, ImageSeed, Seed

_CHUNK = 128 * 1024  # bytes that are read or generated at once
_INSPECTED = 64 * 1024  # bytes of generated data: all that differs from its zeros is at the front
_QCOW2_HEADER = ">4sIQIIQIIQQIIQQQQII"
_QCOW2_HEADER_BYTES = 104
_CLUSTER_BITS = 16


def check_data(source: str, seed: Seed, rules: ContentRules) -> None:
    """Check that the data of all images can be read, and that `rules` allow it.

    `source` names the seed in messages. Blocks, and reads up to 16 MiB of each file. Raises
    InvalidSeed with all problems.
    """
    problems = []
    for number, image in enumerate(seed.images):
        problem = _data_problem(image, rules)
        if problem is not None:
            problems.append(Problem(image.line, f"images[{number}].data", problem))
    if problems:
        raise InvalidSeed(source, problems)


async def read_data(seeded: ImageSeed) -> AsyncIterator[bytes]:
    """Yield the data of an image, if it has some. Raises OSError if its file cannot be read."""
    for chunk in _generate(seeded) if isinstance(seeded.data, GeneratedData) else _read(seeded):
        yield chunk
        await asyncio.sleep(0)


def _data_problem(seeded: ImageSeed, rules: ContentRules) -> str | None:
    """Return why an image cannot have its data, as a sentence; None if it can, or has none."""
    data, image = seeded.data, seeded.image
    try:
        if isinstance(data, FileData):
            with data.path.open("rb") as file:
                formats, size = inspect_formats(file), data.path.stat().st_size
        elif data is not None:
            first = next(_generate(seeded), b"")[:_INSPECTED]
            formats, size = inspect_formats(BytesIO(first)), data.size
        else:
            return None
        check_content(image.disk_format, image.container_format, formats, size, rules)
    except OSError as error:
        return f"a readable file is expected: {error.filename}: {error.strerror}."
    except InvalidImageData as error:
        return f"data in the format {image.disk_format} is expected: {error}."
    return None


def _read(seeded: ImageSeed) -> Iterator[bytes]:
    """Yield the content of the image's file; nothing without one. Raises OSError."""
    if isinstance(seeded.data, FileData):
        with seeded.data.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _generate(seeded: ImageSeed) -> Iterator[bytes]:
    """Yield zeros, after the header of a qcow2 image whose disk has the size of the data."""
    size = seeded.data.size if isinstance(seeded.data, GeneratedData) else 0
    header = _qcow2_header(size)[:size] if seeded.image.disk_format == "qcow2" else b""
    zeros = bytes(_CHUNK)
    for start in range(0, size, _CHUNK):
        chunk = zeros[: size - start]
        yield header + chunk[len(header) :] if start == 0 else chunk


def _qcow2_header(disk_size: int) -> bytes:
    """Return the header of an empty disk without clusters (qcow2 version 3)."""
    fields = (_CLUSTER_BITS, disk_size, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, _QCOW2_HEADER_BYTES)
    return struct.pack(_QCOW2_HEADER, b"QFI\xfb", 3, 0, 0, *fields)
