"""Types of options that several modules use: seconds and data sizes."""

import math
import re

from oslo_config import types

MIN_TIMEOUT = 0.01  # seconds; with a timeout of 0 every call would fail


class Seconds(types.Float):
    """Type of an option whose value is a number of seconds: finite, and at least `minimum`."""

    def __init__(self, minimum: float = MIN_TIMEOUT) -> None:
        super().__init__(min=minimum, type_name="floating point value")

    def __call__(self, value: object) -> float | None:
        """Return the number in `value`; None for empty text.

        Raises ValueError for other text, for infinity and NaN, and for a number that is less than
        the minimum.
        """
        seconds = super().__call__(value)
        if seconds is not None and not math.isfinite(seconds):
            raise ValueError("Should be a finite number")
        return seconds


_SIZE = re.compile(r"([0-9]{1,18})([KMGT]?B)?")
_SIZE_UNITS = ("B", "KB", "MB", "GB", "TB")


class DataSize(types.Integer):
    """Type of an option whose value is a number of bytes, such as ``500`` or ``10GB``.

    The units are those of Glance: B, KB, MB, GB and TB. 1 KB is 1024 B, and so on.
    """

    def __init__(self) -> None:
        super().__init__(min=0, type_name="size")

    def __call__(self, value: object) -> int:
        """Return the number of bytes in `value`.

        Raises ValueError if `value` is not a number of at most 18 digits, with a unit or without. A
        unit must be in upper case and follow without a space.
        """
        matched = _SIZE.fullmatch(str(value))
        if matched is None:
            raise ValueError(f"Should be a number with one of {', '.join(_SIZE_UNITS)}, or no unit")
        unit: int = 1024 ** _SIZE_UNITS.index(matched[2] or "B")
        return int(matched[1]) * unit
