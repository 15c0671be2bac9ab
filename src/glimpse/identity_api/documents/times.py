"""Format dates and times as the Identity API does."""

from datetime import UTC, datetime


def format_time(seconds: float) -> str:
    """Format a POSIX time as a date and time in UTC: ``2026-01-31T23:59:59.000000Z``.

    Raises ValueError, OverflowError or OSError for a time outside the years 1 to 9999.
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
