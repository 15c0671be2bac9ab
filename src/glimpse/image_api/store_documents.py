"""Render the documents of the only store, and check the names of stores. Pure."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from glimpse.embedded.image_data import CHUNK_SIZE
from glimpse.embedded.image_locations import STORE_ID
from glimpse.images.errors import Invalid

_STORE = {"id": STORE_ID, "default": "true"}  # text, as in the Image service


def stores_document() -> bytes:
    """Return the document of ``GET /v2/info/stores``, which lists the only store."""
    return orjson.dumps({"stores": [_STORE]})


def detailed_stores_document(data_directory: Path) -> bytes:
    """Return the document of ``GET /v2/info/stores/detail``.

    The document shows the absolute path of `data_directory`, in which the image data is.
    """
    store: dict[str, Any] = {
        **_STORE,
        "type": "file",
        "properties": {
            "data_dir": str(data_directory.absolute()),
            "chunk_size": CHUNK_SIZE,
            "thin_provisioning": False,
        },
        "weight": 0,
    }
    return orjson.dumps({"stores": [store]})


def check_preferred_stores(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise Invalid if the parameter ``prefer`` of a download names an unknown store.

    `pairs` are the names and values in the query string. ``prefer`` is a comma-separated list, and
    may be missing. Blanks around names and empty names are ignored. If ``prefer`` is repeated, the
    last value counts.
    """
    for name in dict(pairs).get("prefer", "").split(","):
        if name.strip() not in ("", STORE_ID):
            raise Invalid(f"Store '{name.strip()}' is not configured.")
