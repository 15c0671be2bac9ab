"""Render the body of an error response of the Identity API."""

from http import HTTPStatus
from typing import Any


def render_error(status: int, message: str) -> dict[str, Any]:
    """Render the body of an error: ``{"error": {"code": ..., "message": ..., "title": ...}}``.

    The title is the phrase of `status`, such as ``Not Found``. Raises ValueError for an unknown
    `status`.
    """
    title = HTTPStatus(status).phrase
    return {"error": {"code": status, "message": message, "title": title}}
