"""Renders the parts that documents of all kinds have: times, errors and lists."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson


def format_time(seconds: float) -> str:
    """Format a POSIX time as a date and time in UTC: ``2026-01-31T23:59:59.000000Z``.

    Raises ValueError or OverflowError for a time outside the years 1 to 9999.
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def render_fault(status: int, message: str) -> dict[str, Any]:
    """Render the body of an error: ``{"error": {"code": ..., "message": ..., "title": ...}}``.

    The title is the phrase of `status`, such as ``Not Found``. Raises ValueError for an unknown
    `status`.
    """
    title = HTTPStatus(status).phrase
    return {"error": {"code": status, "message": message, "title": title}}


def render_collection(
    name: str, entries: Sequence[dict[str, Any] | orjson.Fragment], url: str
) -> dict[str, Any]:
    """Render a list in a single page: ``{name: entries, "links": ...}``.

    An entry that is a Fragment is already JSON. `url` is the URL of the list.
    """
    return {name: entries, "links": {"self": url, "next": None, "previous": None}}
