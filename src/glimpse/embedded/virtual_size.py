"""Virtual sizes: the sizes of the disks in image data, determined as in Glance.

Glance's format inspector, a part of oslo.utils, reads the data. Here it does so when the upload is
complete: it keeps up to 2 MB of what it has read, and a client may have many slow uploads.
"""

import contextlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from oslo_utils.imageutils.format_inspector import FileInspector

# Bytes that the inspector reads at once, as from Glance's file store. It misses the size of a VHDX
# if one chunk has both the table of metadata and the table that points to that.
_CHUNK = 64 * 1024
# 16 MiB. Most formats are decided after 256 KiB. A VHDX has its metadata after 2 or 3 MiB; for the
# end of a VMDK, which does not matter to its size, the inspector would read all data.
_MAX_CHUNKS = 256
_MAX_SIZE = 2**53  # bytes, exclusive: a larger size is no disk's


def detect_formats(file: BinaryIO) -> Mapping[str, int]:
    """Return the formats of the data in a file, and the size in bytes of the disk in each.

    A size is 0 if the inspector does not know it. Data without a known format has the format
    ``raw``; its size here is that of the bytes that were read. Empty if the inspector fails.

    Blocks, reads at most 16 MiB, closes the file, and raises nothing. The first call in a process
    imports the inspector, which takes 0.1 s and 8 MB.
    """
    with contextlib.suppress(Exception), file:  # no data may make an upload fail
        from oslo_utils.imageutils.format_inspector import InspectWrapper  # noqa: PLC0415  see above

        # It logs text from the data, megabytes of it if the data is made for that.
        logging.getLogger(InspectWrapper.__module__).disabled = True
        inspector = InspectWrapper(file)
        for _ in range(_MAX_CHUNKS):
            if not inspector.read(_CHUNK) or inspector.formats is not None:
                break
        inspector.close()
        return {str(found): _disk_size(found) for found in inspector.formats or ()}
    return {}


def _disk_size(inspector: "FileInspector") -> int:
    with contextlib.suppress(Exception):  # the header may be malformed
        return inspector.virtual_size
    return 0


def virtual_size(
    disk_format: str | None, container_format: str | None, formats: Mapping[str, int], size: int
) -> int | None:
    """Return the size in bytes of the disk in `size` bytes of data, by the rules of Glance.

    `formats` are those of `detect_formats`: there has to be exactly one, but an ISO image may be
    bootable as a disk, too (``gpt``). With `disk_format` ``raw``, the data is the disk itself;
    otherwise its format has to be `disk_format`. Returns None if that is not so, if the disk's size
    is unknown or at least 2**53, or if the container is not ``bare``.
    """
    if formats.keys() == {"iso", "gpt"}:
        formats = {"iso": formats["iso"]}
    if container_format != "bare" or len(formats) != 1:
        return None
    found = size if disk_format == "raw" else formats.get(disk_format or "", 0)
    return found if 0 < found < _MAX_SIZE else None
