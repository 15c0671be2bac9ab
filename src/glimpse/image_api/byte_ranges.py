"""Byte ranges: parse the Range header of a download. Pure."""

import re
from typing import NamedTuple

from glimpse.image_api.faults import RangeNotSatisfiable
from glimpse.images.errors import Invalid

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,40})\s*-\s*(\d{0,40})\s*", re.IGNORECASE | re.ASCII)


class ByteRange(NamedTuple):
    """The bytes from `start` to `end` (exclusive) of data that has `size` bytes."""

    start: int
    end: int
    size: int

    @property
    def content_range(self) -> str:
        """The value of the Content-Range header (RFC 9110, 14.4), such as ``bytes 0-99/200``."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Parse a Range header for data of `size` bytes; return None if `header` is None.

    ``bytes=0-4`` selects the first 5 bytes, ``bytes=5-`` all bytes after these, and ``bytes=-5``
    the last 5 bytes. A range that goes beyond the end of the data is cut there. Raises Invalid for
    several ranges, which the Image API does not serve. Raises RangeNotSatisfiable if the header has
    another form or another unit, or if it selects no byte.
    """
    if header is None:
        return None
    if "," in header:
        raise Invalid("Requests with multiple ranges are not supported. Ask for one range each.")
    matched = _RANGE.fullmatch(header)
    if not matched or not any(matched.groups()):
        raise RangeNotSatisfiable("Invalid Range header.", size)
    first, last = matched.groups()
    if first:
        start, end = int(first), min(int(last) + 1 if last else size, size)
    else:
        start, end = max(size - int(last), 0), size
    if start >= end:
        raise RangeNotSatisfiable(
            f"The range must start before byte {size}, and not after its end.", size
        )
    return ByteRange(start, end, size)
