"""Render a list that has only one page."""

from collections.abc import Sequence
from typing import Any

import orjson


def render_collection(
    name: str, entries: Sequence[dict[str, Any] | orjson.Fragment], url: str
) -> dict[str, Any]:
    """Render a list in a single page: ``{name: entries, "links": {...}}``.

    An entry that is a Fragment is already JSON. The link ``self`` is `url`, the URL of the list.
    ``next`` and ``previous`` are null.
    """
    return {name: entries, "links": {"self": url, "next": None, "previous": None}}
