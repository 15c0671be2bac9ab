"""Microversions of the Compute API: the values, and those at which operations ended."""

import re
from typing import NamedTuple

_VERSION = re.compile(r"([1-9]\d*)\.([1-9]\d*|0)")


class Microversion(NamedTuple):
    """A version of the Compute API, compared as a pair of numbers."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


MINIMUM = Microversion(2, 1)
LAST_WITH_IMAGES = Microversion(2, 35)
LAST_WITH_IMAGE_METADATA = Microversion(2, 38)


def parse_microversion(text: str) -> Microversion:
    """Parse ``X.Y``. Raises ValueError."""
    matched = _VERSION.fullmatch(text)
    if not matched:
        raise ValueError(text)
    return Microversion(int(matched[1]), int(matched[2]))
