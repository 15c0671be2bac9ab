"""Inspect image data: which disk formats it has, the size of the disk, and whether it is safe.

The inspectors of oslo.utils, which Glance has too, read the data. Here they read the file when the
upload is complete, not the stream: an inspector keeps up to 1 MB of what it has read, and a client
may have thousands of slow uploads. At the end, only as many files are inspected at once as there
are threads. The file also has an end, which a stream has not, so it need not be read as a whole to
check the end of a VMDK.
"""

import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from oslo_utils.imageutils.format_inspector import FileInspector

# Bytes that an inspector gets at once, as from Glance's file store. It misses the size of a VHDX if
# one chunk has both the table of metadata and the table that points to that.
_CHUNK = 64 * 1024
# 16 MiB from the beginning of the data. Most formats are decided after 256 KiB. A VHDX has its
# metadata after 2 or 3 MiB.
_MAX_CHUNKS = 256
# Characters of a VMDK's descriptor. Its check takes 1 s for the 1 MB that the inspector accepts;
# descriptors of disks in one file, the only allowed ones, have 10 KiB at most.
_MAX_DESCRIPTOR = 64 * 1024


class FoundFormat(NamedTuple):
    """A format of image data, as oslo.utils names it; ``raw`` for data without a known format.

    `disk_size` is the size of the disk in bytes, which may be any number: 0 if it is not known, and
    None if the header is so malformed that it cannot be computed. For ``raw`` and ``gpt`` it has no
    meaning. `failed_checks` names the safety checks that the data does not pass. They could not be
    run if not `is_complete`: the data ends, or the first 16 MiB of it do, before a part that the
    inspector needs. `subformat` is the createType of a VMDK, in lower case; None for other formats,
    and if it has none.
    """

    name: str
    disk_size: int | None = 0
    failed_checks: frozenset[str] = frozenset()
    is_complete: bool = True
    subformat: str | None = None


def inspect_formats(file: BinaryIO) -> tuple[FoundFormat, ...]:
    """Return all formats that the data in `file` has, sorted by name; at least one.

    A format whose inspector fails, so that it cannot be excluded, is one of them.

    Blocks, and moves the position of the file. Reads 16 MiB and a chunk from the end at most; needs
    up to 2 MB of memory, and 0.3 s of CPU for data that is made for that. Raises OSError if the
    file cannot be read; no data makes it raise anything. The first call in a process imports the
    inspectors, which takes 0.1 s and 8 MB.
    """
    from oslo_utils.imageutils import format_inspector  # noqa: PLC0415  see above

    # It logs text from the data, megabytes of it if the data is made for that.
    logging.getLogger(format_inspector.__name__).disabled = True
    inspectors = [make() for name, make in format_inspector.ALL_FORMATS.items() if name != "raw"]
    _read(file, inspectors)
    found = [_describe(inspector) for inspector in inspectors if _may_match(inspector)]
    return tuple(sorted(found)) or (FoundFormat("raw"),)


def _read(file: BinaryIO, inspectors: list["FileInspector"]) -> None:
    """Pass the data to the inspectors: the beginning until they have enough of it, and the end.

    An inspector that fails gets no more data. Raises OSError.
    """
    file.seek(0)
    reading = list(inspectors)
    for _ in range(_MAX_CHUNKS):
        chunk = file.read(_CHUNK)
        if not chunk:
            break
        reading = [each for each in reading if _feed(each, chunk) and not each.complete]
        if all(_needs_only_the_end(each) for each in reading):
            _read_end(file, reading)
            break
    for inspector in inspectors:
        inspector.finish()


def _read_end(file: BinaryIO, inspectors: list["FileInspector"]) -> None:
    """Pass the last 64 KiB of the data to inspectors that need only the end. Raises OSError.

    If the beginning and the end overlap, an inspector gets some bytes twice. That is harmless: it
    keeps the last bytes that it gets.
    """
    if inspectors:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _CHUNK))
        end = file.read(_CHUNK)
        for inspector in inspectors:
            _feed(inspector, end)


def _feed(inspector: "FileInspector", chunk: bytes) -> bool:
    """Pass a chunk to an inspector; return False if it fails, since the data has another format."""
    try:
        inspector.eat_chunk(chunk)
    except Exception:  # noqa: BLE001  no data may make an upload fail
        return False
    return True


def _needs_only_the_end(inspector: "FileInspector") -> bool:
    """Return True if all that an inspector still needs of the data are its last bytes."""
    from oslo_utils.imageutils.format_inspector import EndCaptureRegion  # noqa: PLC0415  as above

    regions = map(inspector.region, inspector.context_info)
    return all(each.complete or isinstance(each, EndCaptureRegion) for each in regions)


def _may_match(inspector: "FileInspector") -> bool:
    """Return False if the data does not have the inspector's format; True if that is unknown."""
    try:
        return inspector.format_match
    except Exception:  # noqa: BLE001  text that is not ASCII may be the descriptor of a VMDK
        return True


def _describe(inspector: "FileInspector") -> FoundFormat:
    """Return the inspector's format with the size of the disk and the result of the checks."""
    subformat = getattr(inspector, "vmdktype", None)
    return FoundFormat(
        str(inspector),
        _disk_size(inspector),
        frozenset(_failed_checks(inspector)),
        inspector.complete,
        None if subformat == "formatnotfound" else subformat,
    )


def _disk_size(inspector: "FileInspector") -> int | None:
    try:
        return inspector.virtual_size
    except Exception:  # noqa: BLE001  the header may be malformed
        return None


def _failed_checks(inspector: "FileInspector") -> Iterator[str]:
    """Yield the names of the safety checks that the data does not pass.

    There are none if the inspector lacks data for them. A check that fails to run is not passed.
    """
    from oslo_utils.imageutils.format_inspector import (  # noqa: PLC0415  as above
        SafetyCheckFailed,
    )

    if len(getattr(inspector, "desc_text", None) or "") > _MAX_DESCRIPTOR:
        yield "descriptor"
    elif inspector.complete:
        try:
            inspector.safety_check()
        except SafetyCheckFailed as error:
            yield from error.failures
        except Exception:  # noqa: BLE001  the header may be malformed
            yield "format"
