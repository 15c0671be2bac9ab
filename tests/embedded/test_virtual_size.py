"""The virtual size of an image, by the header of its data."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.embedded.virtual_size import HEAD, virtual_size

QCOW2 = b"QFI\xfb" + struct.pack(">IQIIQ", 3, 0, 0, 16, 5 * 2**30)
HEADERS = {
    "qcow2": b"QFI\xfb",
    "vmdk": b"KDMV",
    "vhd": b"conectix",
    "vdi": b"\0" * 0x40 + b"\x7f\x10\xda\xbe",
    "iso": b"\0" * 32769 + b"CD001",
}


def test_raw_data_is_its_own_disk() -> None:
    assert virtual_size("raw", b"x", 10) == 10


def test_a_header_has_the_size_of_the_disk() -> None:
    assert virtual_size("qcow2", QCOW2, 10) == 5 * 2**30


@pytest.mark.parametrize("disk_format", [None, "", "ami", "vhdx", "odd"])
def test_a_format_without_a_known_header_has_no_virtual_size(disk_format: str | None) -> None:
    assert virtual_size(disk_format, QCOW2, 10) is None


def test_a_size_that_no_disk_has_is_zero() -> None:
    assert virtual_size("qcow2", QCOW2[:24] + b"\xff" * 8, 10) == 0


@given(st.sampled_from(sorted(HEADERS)), st.binary(max_size=600), st.integers(0, 600))
def test_no_header_makes_it_raise(disk_format: str, content: bytes, length: int) -> None:
    head = (HEADERS[disk_format] + content)[: len(HEADERS[disk_format]) + length][:HEAD]
    size = virtual_size(disk_format, head, len(head))
    assert size is None or 0 <= size < 2**63
