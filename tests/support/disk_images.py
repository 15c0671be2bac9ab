"""Small valid images of empty disks, in the formats of the Image API.

The size of a disk is in bytes, and a multiple of 2 MiB.
"""

import struct
import uuid
from collections.abc import Iterable

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
SECTOR = 512
ISO_SECTOR = 2048
ISO_SECTORS = 21  # of an image of `iso`; one more with a boot record
ID = uuid.UUID("6ec1b2f0-6ee5-4b0c-9d2a-000000000001")


def padded(data: bytes, unit: int = SECTOR) -> bytes:
    """Return the data, with zeros up to a multiple of `unit` bytes."""
    return data + bytes(-len(data) % unit)


def qcow2(size: int, *, version: int = 3, features: int = 0, backing_file: bool = False) -> bytes:
    """Return a qcow2 image with clusters of 4 KiB.

    `features` are the bits of incompatible features; `backing_file` names one.
    """
    cluster = 4 * KIBIBYTE
    tables = size // (cluster * cluster // 8)
    level_1 = padded(bytes(8 * tables), cluster)
    backing = (112, 11) if backing_file else (0, 0)
    fields = (12, size, 0, tables, 3 * cluster, cluster, 1, 0, 0, features, 0, 0, 4, 104)
    header = struct.pack(">4sIQIIQIIQQIIQQQQII", b"QFI\xfb", version, *backing, *fields)
    header += bytes(8) + b"/etc/passwd" * backing_file
    count_table = struct.pack(">Q", 2 * cluster)
    counts = struct.pack(">H", 1) * (3 + len(level_1) // cluster)
    return b"".join(padded(part, cluster) for part in (header, count_table, counts)) + level_1


def vmdk(
    size: int,
    create_type: str = "monolithicSparse",
    *,
    extent: str = "disk.vmdk",
    descriptor_sectors: int = 2,
    filler: bytes = b"",
) -> bytes:
    """Return a sparse VMDK: header, descriptor, and two grain directories with their tables.

    The descriptor names the file `extent`, and repeats `filler` to its end.
    """
    capacity = size // SECTOR
    tables = -(-capacity // (512 * 128))  # of 512 grains, each of 128 sectors
    directory = len(padded(bytes(4 * tables))) // SECTOR
    first = 1 + descriptor_sectors
    begins = (first, first + directory + 4 * tables)  # in sectors; a table has four
    overhead = begins[1] + directory + 4 * tables
    header = struct.pack("<4sIIQQQQ", b"KDMV", 1, 3, capacity, 128, 1, descriptor_sectors)
    header += struct.pack("<IQQQB4sH", 512, *begins, overhead, 0, b"\n \r\n", 0)
    descriptor = _vmdk_descriptor(create_type, capacity, extent)
    descriptor += filler * ((descriptor_sectors * SECTOR - len(descriptor)) // max(len(filler), 1))
    grains = b""
    for begin in begins:
        entries = (begin + directory + 4 * table for table in range(tables))
        grains += padded(struct.pack(f"<{tables}I", *entries)) + bytes(4 * tables * SECTOR)
    return padded(header) + padded(descriptor, descriptor_sectors * SECTOR) + grains


def _vmdk_descriptor(create_type: str, capacity: int, extent: str) -> bytes:
    return (
        f"# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n"
        f'createType="{create_type}"\nRW {capacity} SPARSE "{extent}"\n'
        f'ddb.adapterType = "ide"\nddb.virtualHWVersion = "4"\n'
    ).encode()


def stream_optimized_vmdk(size: int, blank: int = 0, *, descriptor: int = 1) -> bytes:
    """Return a VMDK whose footer names the grain directory, without grains.

    There are `blank` zeros before the footer. The footer says that the descriptor begins at sector
    `descriptor`; the header says 1.
    """
    capacity = size // SECTOR

    def header(sector: int, directory: int) -> bytes:
        packed = struct.pack("<4sIIQQQQ", b"KDMV", 3, 0x30001, capacity, 128, sector, 2)
        packed += struct.pack("<IQQQB4sH", 512, 0, directory, 128, 0, b"\n \r\n", 1)
        return padded(packed)

    text = _vmdk_descriptor("streamOptimized", capacity, "disk.vmdk")
    footer = padded(struct.pack("<QII", 1, 0, 3)) + header(descriptor, 3) + bytes(SECTOR)
    return header(1, 2**64 - 1) + padded(text, 2 * SECTOR) + bytes(blank) + footer


def vhd(size: int, current_size: int | None = None) -> bytes:
    """Return a dynamic VHD: footer, header, block table, footer.

    `current_size` is the size of the disk after it was resized.
    """
    size_now = current_size or size
    blocks = size_now // (2 * MEBIBYTE)
    footer = struct.pack(">8sIIQI", b"conectix", 2, 0x10000, SECTOR, 0)
    footer += struct.pack(">4sI4sQQ", b"test", 0x10000, b"Wi2k", size, size_now)
    footer += struct.pack(">HBBI", size_now // SECTOR // (16 * 63), 16, 63, 3)
    footer = padded(_with_checksum(footer, ID.bytes))
    header = struct.pack(">8sQQ", b"cxsparse", 2**64 - 1, 3 * SECTOR)
    header += struct.pack(">III", 0x10000, blocks, 2 * MEBIBYTE)
    table = padded(b"\xff" * 4 * blocks)
    return footer + padded(_with_checksum(header), 2 * SECTOR) + table + footer


def _with_checksum(before: bytes, after: bytes = b"") -> bytes:
    """Return a part of a VHD with its checksum: the complement of the sum of its other bytes."""
    checksum = ~(sum(before) + sum(after)) & 0xFFFFFFFF
    return before + struct.pack(">I", checksum) + after


def vhdx(size: int, *, metadata_at: int = 2 * MEBIBYTE) -> bytes:
    """Return a dynamic VHDX: identifier, regions, metadata at `metadata_at`, block table.

    Its headers are filled with zeros.
    """
    regions = (
        (
            "2dc27766-f623-4200-9d64-115e9bfd4a08",
            struct.pack("<QII", metadata_at + MEBIBYTE, MEBIBYTE, 1),
        ),
        ("8b7ca206-4790-4b9a-b8fe-575f050f886e", struct.pack("<QII", metadata_at, MEBIBYTE, 1)),
    )
    items = (
        ("caa16737-fa36-4d43-b3b6-33f0aa44e76b", struct.pack("<II", 32 * MEBIBYTE, 0)),
        ("2fa54224-cd1b-4876-b211-5dbed83bf4b8", struct.pack("<Q", size)),
        ("8141bf1d-a96f-4709-ba47-f233a8faab5f", struct.pack("<I", SECTOR)),
        ("cda348c7-445d-4471-9cc9-e9885251c556", struct.pack("<I", SECTOR)),
        ("beca12ab-b2e6-4523-93ef-c309e000c746", ID.bytes_le),
    )
    values, entries = b"", []
    for key, value in items:
        entries.append((key, struct.pack("<IIII", 64 * KIBIBYTE + len(values), len(value), 4, 0)))
        values += value
    region_table = struct.pack("<4sIII", b"regi", 0, len(regions), 0) + _by_guid(regions)
    head = padded(b"vhdxfile", 192 * KIBIBYTE) + 2 * padded(region_table, 64 * KIBIBYTE)
    table = struct.pack("<8sHH20x", b"metadata", 0, len(items)) + _by_guid(entries)
    metadata = padded(table, 64 * KIBIBYTE) + values
    return padded(head, metadata_at) + padded(metadata, MEBIBYTE) + bytes(MEBIBYTE)


def _by_guid(entries: Iterable[tuple[str, bytes]]) -> bytes:
    return b"".join(uuid.UUID(guid).bytes_le + entry for guid, entry in entries)


def vdi(size: int) -> bytes:
    """Return a dynamic VDI: header and block map."""
    blocks = size // MEBIBYTE
    start = len(padded(bytes(4 * blocks))) + SECTOR
    header = struct.pack("<64sIIII", b"<<< Test VM Disk Image >>>\n", 0xBEDA107F, 0x10001, 0x180, 1)
    header += struct.pack("<I256sII", 0, b"", SECTOR, start)
    header += struct.pack("<IIIIIQ", 0, 0, 0, SECTOR, 0, size)
    header += struct.pack("<IIII16s16s32x", MEBIBYTE, 0, blocks, 0, ID.bytes, ID.bytes)
    return padded(header) + padded(b"\xff" * 4 * blocks)


def iso(*, boot_record_first: bool = False) -> bytes:
    """Return an ISO 9660 image with an empty root directory."""
    first = 17 if boot_record_first else 16
    sectors = ISO_SECTORS + boot_record_first
    root = struct.pack("<BB", 34, 0) + _both_endian("I", first + 4) + _both_endian("I", ISO_SECTOR)
    root += struct.pack("<7sBBB", b"", 2, 0, 0) + _both_endian("H", 1) + b"\1"
    primary = struct.pack("<B5sBx32s32s8x", 1, b"CD001", 1, b" " * 32, b"TEST".ljust(32))
    primary += _both_endian("I", sectors) + bytes(32) + 2 * _both_endian("H", 1)
    primary += _both_endian("H", ISO_SECTOR) + _both_endian("I", 10)
    primary += struct.pack("<II", first + 2, 0) + struct.pack(">II", first + 3, 0) + root + b"\0"
    primary += b" " * (813 - 190) + 4 * (b"0" * 16 + b"\0") + b"\1"
    boot = [struct.pack("<B5sB32s", 0, b"CD001", 1, b"EL TORITO SPECIFICATION")]
    path = (struct.pack(f"{order}BBIHxx", 1, 0, first + 4, 1) for order in "<>")
    self_and_parent = root + b"\0" + root + b"\1"
    terminator = struct.pack("<B5sB", 255, b"CD001", 1)
    parts = (*(boot * boot_record_first), primary, terminator, *path, self_and_parent)
    return bytes(16 * ISO_SECTOR) + b"".join(padded(part, ISO_SECTOR) for part in parts)


def _both_endian(kind: str, number: int) -> bytes:
    return struct.pack(f"<{kind}", number) + struct.pack(f">{kind}", number)


def with_partitions(data: bytes) -> bytes:
    """Return the data with the partition table of a GPT disk at the end of its first sector."""
    entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, 100)
    return data[:446] + (entry + bytes(48) + b"\x55\xaa") + data[512:]
