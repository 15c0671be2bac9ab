"""Virtual sizes: how large the disk in an image's data is, by how the data begins. Pure."""

import struct
from collections.abc import Callable

HEAD = 36 * 1024  # bytes that are enough to tell: those of an ISO end behind its first 32 KiB


def virtual_size(disk_format: str | None, head: bytes, size: int) -> int | None:
    """Bytes of the disk in data of `size` bytes; None where the format does not tell.

    As the Image service has it, which also compares the data with the format; here it is as said.
    """
    if disk_format == "raw":
        return size
    read = _READERS.get(disk_format or "")
    try:
        return read(head) if read else None
    except struct.error:  # shorter than such a head
        return None


def _qcow2(head: bytes) -> int | None:
    return _number(">Q", head, 24) if head.startswith(b"QFI\xfb") else None


def _vmdk(head: bytes) -> int | None:
    return 512 * _number("<Q", head, 12) if head.startswith(b"KDMV") else None


def _vdi(head: bytes) -> int | None:
    return _number("<Q", head, 0x170) if head[0x40:0x44] == b"\x7f\x10\xda\xbe" else None


def _vhd(head: bytes) -> int | None:
    return _number(">Q", head, 48) if head.startswith(b"conectix") else None


def _iso(head: bytes) -> int | None:
    start = 32 * 1024
    if head[start + 1 : start + 6] != b"CD001":
        return None
    return _number("<I", head, start + 80) * _number("<H", head, start + 128)


def _number(kind: str, head: bytes, place: int) -> int:
    number: int = struct.unpack_from(kind, head, place)[0]
    return number if number < 2**53 else 0  # more is no disk, and no number that a catalog takes


_READERS: dict[str, Callable[[bytes], int | None]] = {
    "qcow2": _qcow2,
    "vmdk": _vmdk,
    "vdi": _vdi,
    "vhd": _vhd,
    "iso": _iso,
}
