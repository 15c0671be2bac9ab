"""Inspect image data: find its formats and the size of its disk, and whether it is safe.

The inspectors are those of oslo.utils, as in Glance. Glance inspects the data while it arrives.
Here, the file is inspected when the upload is complete, for two reasons. First, an inspector keeps
up to 1 MB of what it has read, and a client may have thousands of slow uploads. With files, only as
many are inspected at a time as there are threads. Second, the check of a VMDK needs the end of the
data. Of a file, the end can be read without the middle.
"""

import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from oslo_utils.imageutils.format_inspector import FileInspector

# Bytes that an inspector gets at once, as from Glance's file store. With larger chunks, the
# inspector does not find the size of a VHDX: it misses a metadata table that is in one chunk with
# the table that points to it.
_CHUNK = 64 * 1024
# 16 MiB from the beginning of the data. Most formats are recognized in the first 256 KiB. A VHDX
# has its metadata after 2 or 3 MiB.
_MAX_CHUNKS = 256
# The most characters of a VMDK's descriptor. To check a descriptor of 1 MB, which the inspector
# would accept, takes 1 s. Only VMDKs in one file are allowed; their descriptors have at most 10
# KiB.
_MAX_DESCRIPTOR = 64 * 1024
# Formats whose inspectors compute the disk's size from the number of bytes that they got.
_SIZED_BY_LENGTH = ("gpt", "luks")


class FoundFormat(NamedTuple):
    """A format that was found in image data, by its name in oslo.utils, such as ``qcow2``.

    `name` is ``raw`` if no known format was found. `disk_size` is the size of the disk in bytes; 0
    if the size is not known, or if `name` is ``raw``. `disk_size` is None if the header of the data
    is so malformed that the size cannot be computed.

    `failed_checks` has the names of the safety checks that the data does not pass. `is_complete` is
    False if the data ends too early, or if a needed part comes after the first 16 MiB. The safety
    checks of the format were then not run.

    `subformat` is the createType of a VMDK in lower case; None if the VMDK has no createType, and
    for all other formats.
    """

    name: str
    disk_size: int | None = 0
    failed_checks: frozenset[str] = frozenset()
    is_complete: bool = True
    subformat: str | None = None


def inspect_formats(file: BinaryIO) -> tuple[FoundFormat, ...]:
    """Return all formats that are found in the data of `file`, sorted by name; at least one.

    If no known format is found, the result is ``raw`` alone. If an inspector cannot decide, its
    format is in the result, because the data may have the format.

    Blocks, and moves the position of the file. Reads at most the first 16 MiB and the last 64 KiB.
    Takes up to 2 MB of memory, and up to 0.3 s of CPU time for malicious data. The first call in a
    process also imports the inspectors, which takes 0.1 s and 8 MB, and turns their log off. Raises
    OSError if the file cannot be read. Malformed data raises no error.
    """
    from oslo_utils.imageutils import format_inspector  # noqa: PLC0415  see above

    # The inspectors log text from the data: megabytes, if the data is malicious.
    logging.getLogger(format_inspector.__name__).disabled = True
    inspectors = [make() for name, make in format_inspector.ALL_FORMATS.items() if name != "raw"]
    _read(file, inspectors)
    size = file.seek(0, os.SEEK_END)
    found = [_describe(inspector, size) for inspector in inspectors if _may_match(inspector)]
    return tuple(sorted(found)) or (FoundFormat("raw"),)


def _read(file: BinaryIO, inspectors: list["FileInspector"]) -> None:
    """Pass the data to the inspectors: first the beginning, up to 16 MiB, and then the end.

    The beginning is read until no inspector needs more of it. Then the inspectors that need the end
    get the last 64 KiB. If an inspector still needs more after the whole file or 16 MiB, the end is
    not read. An inspector that fails gets no more data. Calls `finish` of each inspector last.
    Raises OSError if the file cannot be read.
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
    """Pass the last 64 KiB of the data to `inspectors`, which need only the end.

    If `inspectors` is empty, nothing is read. If the beginning and the end overlap, an inspector
    gets some bytes twice. That is harmless, because an inspector keeps only the last bytes that it
    gets. Raises OSError if the file cannot be read.
    """
    if inspectors:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _CHUNK))
        end = file.read(_CHUNK)
        for inspector in inspectors:
            _feed(inspector, end)


def _feed(inspector: "FileInspector", chunk: bytes) -> bool:
    """Pass a chunk to an inspector. Return False if the inspector fails, True otherwise.

    Most inspectors fail because the data has another format.
    """
    try:
        inspector.eat_chunk(chunk)
    except Exception:  # noqa: BLE001  no data may make an upload fail
        return False
    return True


def _needs_only_the_end(inspector: "FileInspector") -> bool:
    """Return True if the inspector needs no more data, except for the last bytes."""
    from oslo_utils.imageutils.format_inspector import EndCaptureRegion  # noqa: PLC0415  as above

    regions = map(inspector.region, inspector.context_info)
    return all(each.complete or isinstance(each, EndCaptureRegion) for each in regions)


def _may_match(inspector: "FileInspector") -> bool:
    """Return True if the data has the inspector's format, or may have it; otherwise False."""
    try:
        return inspector.format_match
    except Exception:  # noqa: BLE001  text that is not ASCII may be the descriptor of a VMDK
        return True


def _describe(inspector: "FileInspector", size: int) -> FoundFormat:
    """Return the FoundFormat of the inspector. The disk size is None if it cannot be computed.

    `size` is the length of all the data in bytes.
    """
    subformat = getattr(inspector, "vmdktype", None)
    return FoundFormat(
        str(inspector),
        _disk_size(inspector, size),
        frozenset(_failed_checks(inspector)),
        inspector.complete,
        None if subformat == "formatnotfound" else subformat,
    )


def _disk_size(inspector: "FileInspector", size: int) -> int | None:
    try:
        disk_size = inspector.virtual_size
    except Exception:  # noqa: BLE001  the header may be malformed
        return None
    unread = size - inspector.actual_size if str(inspector) in _SIZED_BY_LENGTH else 0
    return disk_size + unread


def _failed_checks(inspector: "FileInspector") -> Iterator[str]:
    """Yield the names of the safety checks that the data does not pass.

    If a VMDK's descriptor is too long to be checked, yields only ``descriptor``. If the header is
    so malformed that the checks cannot run, yields only ``format``. If the inspector has not read
    all that it needs, no check runs, and nothing is yielded.
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
