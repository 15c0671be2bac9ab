"""Finding: one result of ``glimpse check``."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that was looked at: good, bad, or (None) something to know about."""

    good: bool | None
    text: str
