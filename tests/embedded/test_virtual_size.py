"""The virtual size of an image: detection of formats, and the size of the declared format."""

import errno
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.embedded.virtual_size import detect_formats, virtual_size
from tests.support import disk_images
from tests.support.disk_images import MEBIBYTE
from tests.support.parameter_ids import parameter_id

IMAGES = {
    "qcow2": disk_images.qcow2(8 * MEBIBYTE),
    "vmdk": disk_images.vmdk(8 * MEBIBYTE),
    "vhd": disk_images.vhd(8 * MEBIBYTE),
    "vhdx": disk_images.vhdx(8 * MEBIBYTE),
    "vdi": disk_images.vdi(8 * MEBIBYTE),
    "iso": disk_images.iso(),
}
ISO_SIZE = len(IMAGES["iso"])
QCOW2_SIZE = len(IMAGES["qcow2"])


def formats_of(data: bytes) -> dict[str, int]:
    return {**detect_formats(io.BytesIO(data))}


@pytest.mark.parametrize("disk_format", IMAGES)
@pytest.mark.parametrize("more", [0, 20 * MEBIBYTE])
def test_format_and_size_of_the_disk_are_detected(disk_format: str, more: int) -> None:
    size = ISO_SIZE if disk_format == "iso" else 8 * MEBIBYTE
    assert formats_of(IMAGES[disk_format] + bytes(more)) == {disk_format: size}


def test_stream_optimized_vmdk_is_detected_without_its_end() -> None:
    data = disk_images.vmdk(8 * MEBIBYTE, "streamOptimized")
    footer_follows = data[:56] + b"\xff" * 8 + data[64:]
    assert formats_of(footer_follows + bytes(20 * MEBIBYTE)) == {"vmdk": 8 * MEBIBYTE}


@pytest.mark.parametrize(
    ("data", "formats"),
    [
        (b"", {"raw": 0}),
        (b"odd", {"raw": 3}),
        (disk_images.with_partitions(IMAGES["iso"]), {"iso": ISO_SIZE, "gpt": ISO_SIZE}),
        (disk_images.with_partitions(IMAGES["qcow2"]), {"qcow2": 8 * MEBIBYTE, "gpt": QCOW2_SIZE}),
        (b'createType="monolithicSparse"\n' * 20, {"vmdk": 0}),
        (b"text" * 200 + b"\xff", {}),
    ],
    ids=["empty", "short", "bootable ISO", "two formats", "size unknown", "inspector fails"],
)
def test_odd_data_has_several_formats_or_none(data: bytes, formats: dict[str, int]) -> None:
    assert formats_of(data) == formats


def test_no_more_than_16_mebibytes_are_read() -> None:
    class File(io.BytesIO):
        size = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.size += len(data)
            return data

    file = File(IMAGES["vmdk"][:56] + b"\xff" * 8 + bytes(20 * MEBIBYTE))
    assert detect_formats(file) == {"vmdk": 0}
    assert file.size == 16 * MEBIBYTE
    assert file.closed


def test_unreadable_file_has_no_format() -> None:
    class Unreadable(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    assert detect_formats(Unreadable()) == {}


@pytest.mark.parametrize(
    ("disk_format", "container_format", "formats", "size", "expected"),
    [
        ("raw", "bare", {"raw": 7}, 10, 10),
        ("raw", "bare", {"qcow2": 5 * 2**30}, 10, 10),
        ("raw", "bare", {"iso": 5, "gpt": 5}, 10, 10),
        ("raw", "bare", {"qcow2": 5, "gpt": 5}, 10, None),
        ("raw", "bare", {}, 10, None),
        ("raw", "bare", {"raw": 0}, 0, None),
        ("qcow2", "bare", {"qcow2": 5 * 2**30}, 10, 5 * 2**30),
        ("qcow2", "bare", {"qcow2": 5 * 2**30, "gpt": 10}, 10, None),
        ("qcow2", "bare", {"raw": 10}, 10, None),
        ("qcow2", "bare", {"vmdk": 10}, 10, None),
        ("qcow2", "bare", {"qcow2": 0}, 10, None),
        ("qcow2", "bare", {"qcow2": 2**64 - 1}, 10, None),
        ("qcow2", "ovf", {"qcow2": 5 * 2**30}, 10, None),
        ("iso", "bare", {"iso": 5, "gpt": 10}, 10, 5),
        ("ami", "ami", {"raw": 10}, 10, None),
        ("ami", "bare", {"raw": 10}, 10, None),
        ("ploop", "bare", {"raw": 10}, 10, None),
        (None, None, {"raw": 10}, 10, None),
    ],
    ids=parameter_id,
)
def test_virtual_size_is_that_of_the_declared_format_if_it_is_the_only_one(
    disk_format: str | None,
    container_format: str | None,
    formats: dict[str, int],
    size: int,
    expected: int | None,
) -> None:
    assert virtual_size(disk_format, container_format, formats, size) == expected


def mutate(data: bytes, changes: list[tuple[int, bytes]], length: int) -> bytes:
    mutated = bytearray(data)
    for offset, change in changes:
        mutated[offset : offset + len(change)] = change
    return bytes(mutated[:length])


@settings(deadline=None)
@given(
    st.sampled_from(sorted(IMAGES)),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=8)), max_size=5),
    st.integers(0, 2**19),
)
def test_detection_raises_no_error_for_any_data(
    disk_format: str, changes: list[tuple[int, bytes]], length: int
) -> None:
    data = mutate(IMAGES[disk_format], changes, length)
    found = virtual_size(disk_format, "bare", formats_of(data), len(data))
    assert found is None or 0 < found < 2**63


@pytest.mark.parametrize(
    "data",
    [b'# Disk DescriptorFile\ncreateType="' + b"secret" * 100_000, disk_images.vmdk(512)[:600]],
    ids=["a type without its end", "a truncated descriptor"],
)
def test_no_text_of_the_data_is_logged(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    formats_of(data)
    assert caplog.text == ""
