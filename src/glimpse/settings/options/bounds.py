"""Bounds that options of several files share."""

import math

from oslo_config import types

MIN_TIMEOUT = 0.01  # seconds; with a timeout of 0 every call would fail


class Seconds(types.Float):
    """Type of an option with a number of seconds: finite, and at least `minimum`."""

    def __init__(self, minimum: float = MIN_TIMEOUT) -> None:
        super().__init__(min=minimum, type_name="floating point value")

    def __call__(self, value: object) -> float | None:
        """Return the number in `value`; None for empty text.

        Raises ValueError for other text that is no number, and if it is infinite or too small.
        """
        seconds = super().__call__(value)
        if seconds is not None and not math.isfinite(seconds):
            raise ValueError("Should be a finite number")
        return seconds
