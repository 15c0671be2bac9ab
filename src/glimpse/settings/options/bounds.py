"""Bounds that options of several files share."""

SHORTEST = 0.01  # seconds: with no time at all, nothing would ever work
