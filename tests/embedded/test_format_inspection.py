"""The inspection of image data: its formats, the size of the disk, and the safety checks."""

import errno
import io
import os
import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.embedded.format_inspection import FoundFormat, inspect_formats
from tests.support import disk_images
from tests.support.disk_images import KIBIBYTE, MEBIBYTE

SIZE = 8 * MEBIBYTE
IMAGES = {
    "qcow2": disk_images.qcow2(SIZE),
    "vmdk": disk_images.vmdk(SIZE),
    "vhd": disk_images.vhd(SIZE),
    "vhdx": disk_images.vhdx(SIZE),
    "vdi": disk_images.vdi(SIZE),
    "iso": disk_images.iso(),
}


def inspect(data: bytes) -> tuple[FoundFormat, ...]:
    return inspect_formats(io.BytesIO(data))


def names(found: Iterable[FoundFormat]) -> list[str]:
    return [each.name for each in found]


@pytest.mark.parametrize("disk_format", IMAGES)
@pytest.mark.parametrize("more", [0, 20 * MEBIBYTE])
def test_format_and_size_of_the_disk_are_found(disk_format: str, more: int) -> None:
    size = len(IMAGES["iso"]) if disk_format == "iso" else SIZE
    subformat = "monolithicsparse" if disk_format == "vmdk" else None
    found = inspect(IMAGES[disk_format] + bytes(more))
    assert found == (FoundFormat(disk_format, size, subformat=subformat),)


@pytest.mark.parametrize(
    ("header", "disk_format", "overhead"),
    [
        (disk_images.with_partitions(bytes(512)), "gpt", 0),
        (b"LUKS\xba\xbe\0\1" + bytes(96) + struct.pack(">I", 8), "luks", 8 * 512),
    ],
    ids=["gpt", "luks"],
)
@pytest.mark.parametrize("size", [MEBIBYTE, 20 * MEBIBYTE])
def test_the_size_of_a_disk_without_a_size_in_its_header_is_that_of_the_file(
    header: bytes, disk_format: str, overhead: int, size: int
) -> None:
    found = inspect(header.ljust(size, b"\0"))
    assert found == (FoundFormat(disk_format, size - overhead),)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ["raw"]),
        (b"odd", ["raw"]),
        (b"text" * 200, ["raw"]),
        (disk_images.with_partitions(IMAGES["iso"]), ["gpt", "iso"]),
        (disk_images.with_partitions(IMAGES["qcow2"]), ["gpt", "qcow2"]),
    ],
    ids=["empty", "short", "text", "bootable ISO", "two formats"],
)
def test_odd_data_has_the_raw_format_or_several(data: bytes, expected: list[str]) -> None:
    assert names(inspect(data)) == expected


@pytest.mark.parametrize(
    ("data", "failed"),
    [
        (disk_images.qcow2(SIZE, backing_file=True), {"backing_file"}),
        (disk_images.qcow2(SIZE, features=0b100), {"data_file"}),
        (disk_images.qcow2(SIZE, features=0b100000), {"unknown_features"}),
        (disk_images.qcow2(SIZE, version=1), {"unknown_features"}),
        (disk_images.vmdk(SIZE, "monolithicFlat"), {"descriptor"}),
        (disk_images.vmdk(SIZE, extent="/etc/passwd"), {"descriptor"}),
        (b'# Disk DescriptorFile\ncreateType="monolithicFlat"\n' * 20, {"descriptor"}),
        (b"QED\0".ljust(600, b"\0"), {"banned"}),
        (bytes(510) + b"\x55\xaa", {"mbr"}),
        (b"LUKS\xba\xbe\0\2".ljust(1000, b"\0"), {"version"}),
    ],
    ids=[
        *("qcow2 with a backing file", "qcow2 with a data file", "qcow2 with unknown features"),
        *("qcow2 of version 1", "VMDK of another type", "VMDK with a path", "text of a VMDK"),
        *("QED", "partition table without partitions", "LUKS of version 2"),
    ],
)
def test_dangerous_data_fails_a_safety_check(data: bytes, failed: set[str]) -> None:
    (found,) = inspect(data)
    assert found.failed_checks == failed
    assert found.is_complete


@pytest.mark.parametrize("blank", [0, 30 * MEBIBYTE])
def test_the_end_of_a_vmdk_is_checked_wherever_it_is(blank: int) -> None:
    (safe,) = inspect(disk_images.stream_optimized_vmdk(SIZE, blank))
    assert safe == FoundFormat("vmdk", SIZE, subformat="streamoptimized")
    (other_descriptor,) = inspect(disk_images.stream_optimized_vmdk(SIZE, blank, descriptor=5))
    assert other_descriptor.failed_checks == {"footer"}


def test_no_more_than_16_mebibytes_and_the_end_are_read() -> None:
    class File(io.BytesIO):
        size = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.size += len(data)
            return data

    file = File(disk_images.stream_optimized_vmdk(SIZE, 30 * MEBIBYTE))
    inspect_formats(file)
    assert file.size <= 16 * MEBIBYTE + 64 * KIBIBYTE
    far = File(disk_images.vhdx(SIZE, metadata_at=18 * MEBIBYTE))
    assert inspect_formats(far) == (FoundFormat("vhdx", 0, is_complete=False),)
    assert far.size == 16 * MEBIBYTE


@pytest.mark.parametrize("disk_format", ["qcow2", "vhdx", "vdi", "vmdk"])
def test_data_that_ends_early_is_incomplete_or_raw(disk_format: str) -> None:
    for length in (4, 70, 600, 2 * MEBIBYTE + 5):
        data = IMAGES[disk_format][:length]
        (found,) = inspect(data)
        assert found.name == "raw" or not found.is_complete or len(data) > 512, found


def test_text_that_may_be_a_vmdk_but_cannot_be_decoded_fails_the_checks() -> None:
    """To qemu, the descriptor of a VMDK may have any comment."""
    (found,) = inspect(b"# text\n" * 100 + "é".encode() + b'createType="monolithicFlat"\n')
    assert (found.name, found.disk_size) == ("vmdk", 0)
    assert found.failed_checks == {"format"}


def test_a_descriptor_that_takes_long_to_check_fails_the_checks() -> None:
    (found,) = inspect(disk_images.vmdk(SIZE, descriptor_sectors=2000, filler=b"rw x\n"))
    assert found.failed_checks == {"descriptor"}


def test_a_malformed_size_of_a_disk_is_unknown() -> None:
    item = struct.pack("<II", 64 * KIBIBYTE + 8, 8)
    assert item in IMAGES["vhdx"]
    data = IMAGES["vhdx"].replace(item, struct.pack("<II", 64 * KIBIBYTE + 8, 4))
    assert inspect(data) == (FoundFormat("vhdx", None),)


def test_an_error_of_reading_is_raised() -> None:
    class Unreadable(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(OSError, match="Input/output"):
        inspect_formats(Unreadable())


def mutate(data: bytes, changes: list[tuple[int, bytes]], length: int) -> bytes:
    mutated = bytearray(data)
    for offset, change in changes:
        mutated[offset : offset + len(change)] = change
    return bytes(mutated[:length])


@given(
    st.sampled_from(sorted(IMAGES)),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=8)), max_size=5),
    st.integers(0, 2**19),
)
def test_inspection_raises_no_error_for_any_data(
    disk_format: str, changes: list[tuple[int, bytes]], length: int
) -> None:
    assert inspect(mutate(IMAGES[disk_format], changes, length))


@pytest.mark.parametrize(
    "data",
    [
        b'# Disk DescriptorFile\ncreateType="' + b"secret" * 100_000,
        disk_images.vmdk(512)[:600],
        disk_images.vmdk(SIZE, extent="/secret"),
    ],
    ids=["a type without its end", "a truncated descriptor", "a refused descriptor"],
)
def test_no_text_of_the_data_is_logged(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    inspect(data)
    assert caplog.text == ""
