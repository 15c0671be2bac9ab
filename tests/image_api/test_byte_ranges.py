"""The Range header of a download."""

import pytest

from glimpse.image_api.byte_ranges import ByteRange, parse_range
from glimpse.image_api.faults import RangeNotSatisfiable
from glimpse.images.errors import Invalid
from tests.support.parameter_ids import parameter_id


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", ByteRange(0, 1, 10)),
        ("BYTES = 2 - 5", ByteRange(2, 6, 10)),
        ("bytes=4-", ByteRange(4, 10, 10)),
        ("bytes=4-99", ByteRange(4, 10, 10)),
        ("bytes=-3", ByteRange(7, 10, 10)),
        ("bytes=-99", ByteRange(0, 10, 10)),
    ],
    ids=parameter_id,
)
def test_range_of_ten_bytes_is_parsed(header: str | None, expected: ByteRange | None) -> None:
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-4", "bytes=-0", "bytes=-", "lines=1-2"])
def test_range_outside_the_data_is_not_satisfiable(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        parse_range(header, 10)
    assert refused.value.size == 10


def test_several_ranges_are_refused() -> None:
    with pytest.raises(Invalid, match="multiple ranges"):
        parse_range("bytes=0-1,3-4", 10)


def test_content_range_names_the_last_byte() -> None:
    assert ByteRange(2, 6, 10).content_range == "bytes 2-5/10"
