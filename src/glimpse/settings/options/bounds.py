"""Bounds that options of several files share."""

MIN_TIMEOUT = 0.01  # seconds; with a timeout of 0 every call would fail
