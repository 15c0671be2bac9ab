"""The data of seeded images: read from files or generated; checked before it is stored."""

import asyncio
import stat
import struct
from collections.abc import AsyncIterator, Iterator
from io import BytesIO

from glimpse.embedded.content_check import ContentRules, InvalidImageData, check_and_measure
from glimpse.embedded.format_inspection import inspect_formats
from glimpse.seed.seed import FileData, GeneratedData, ImageSeed

_CHUNK = 128 * 1024  # bytes that are read or generated at once
_INSPECTED = 64 * 1024  # bytes of generated data to inspect: only zeros follow
_QCOW2_HEADER = ">4sIQIIQIIQQIIQQQQII"
_QCOW2_HEADER_BYTES = 104
_CLUSTER_BITS = 16


def find_data_problem(seeded: ImageSeed, /, *, is_valid: bool, rules: ContentRules) -> str | None:
    """Return a sentence that says why an image cannot have its data; None if it can.

    A file must be a regular file that can be read. If `is_valid` is True, `rules` must also allow
    the content of the data for the image's format. Pass False if the image has other problems,
    because its format may be wrong. An image without data has no problem. Blocks, and reads at most
    the first 16 MiB and the last 64 KiB of a file.
    """
    data, image = seeded.data, seeded.image
    try:
        if isinstance(data, FileData):
            mode = data.path.stat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a pipe or a device: without end
                return f"a readable file is expected: {data.path}: Not a regular file."
            with data.path.open("rb") as file:
                formats, size = inspect_formats(file), data.path.stat().st_size
        elif data is not None:
            first = next(_generate(seeded), b"")[:_INSPECTED]
            formats, size = inspect_formats(BytesIO(first)), data.size
        else:
            return None
        if is_valid:
            check_and_measure(image.disk_format, image.container_format, formats, size, rules)
    except OSError as error:
        return f"a readable file is expected: {error.filename}: {error.strerror}."
    except InvalidImageData as error:
        return f"data in the format {image.disk_format} is expected: {error}."
    return None


def data_size(seeded: ImageSeed) -> int:
    """Return how many bytes of data an image has; 0 if it has none.

    Raises OSError if the data is a file whose size cannot be read.
    """
    data = seeded.data
    if isinstance(data, FileData):
        return data.path.stat().st_size
    return data.size if data is not None else 0


async def read_data(seeded: ImageSeed) -> AsyncIterator[bytes]:
    """Yield an image's data in chunks of at most 128 KiB; nothing if the image has no data.

    A file is read on the event loop, which runs other tasks between two chunks. Raises OSError if
    the data is a file that cannot be read.
    """
    for chunk in _generate(seeded) if isinstance(seeded.data, GeneratedData) else _read(seeded):
        yield chunk
        await asyncio.sleep(0)


def _read(seeded: ImageSeed) -> Iterator[bytes]:
    """Yield the content of the image's file in chunks of at most 128 KiB.

    Yields nothing if the data is not a file. Raises OSError if the file cannot be read.
    """
    if isinstance(seeded.data, FileData):
        with seeded.data.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _generate(seeded: ImageSeed) -> Iterator[bytes]:
    """Yield generated data, of the size that the seed gives, in chunks of at most 128 KiB.

    The data is zeros. If the disk format is qcow2, a header is written over the first zeros; it
    describes an empty disk of the same size. Yields nothing if the data is not generated.
    """
    size = seeded.data.size if isinstance(seeded.data, GeneratedData) else 0
    header = _qcow2_header(size)[:size] if seeded.image.disk_format == "qcow2" else b""
    zeros = bytes(_CHUNK)
    for start in range(0, size, _CHUNK):
        chunk = zeros[: size - start]
        yield header + chunk[len(header) :] if start == 0 else chunk


def _qcow2_header(disk_size: int) -> bytes:
    """Return the header of a qcow2 image (version 3) with an empty disk of `disk_size` bytes."""
    fields = (_CLUSTER_BITS, disk_size, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, _QCOW2_HEADER_BYTES)
    return struct.pack(_QCOW2_HEADER, b"QFI\xfb", 3, 0, 0, *fields)
