"""Portions of a list: as many images as one step may hold without keeping others waiting."""

from collections.abc import Iterable, Sequence
from typing import Any

from glimpse.images import Image

# Of JSON, in one step of a list: some 500 usual images. More would keep the event loop from others.
_MOST_CHARACTERS = 400_000


def portion(rows: Iterable[Sequence[Any]]) -> dict[int, Image] | None:
    """Records by number, of rows of a number and COLUMNS; None, soon, if that is too much at once.

    One record never is. Ask again for the `beginning`.
    """
    found: dict[int, Image] = {}
    characters = 0
    for number, *columns in rows:
        image = found[number] = Image._make(columns)
        characters += len(image.properties_json or "")  # null, if another program wrote it
        if characters > _MOST_CHARACTERS and len(found) > 1:
            return None
    return found


def fits(images: Sequence[Image]) -> bool:
    """Whether these are not too much for one step of a list."""
    return len(images) == 1 or (
        sum(len(image.properties_json) for image in images) <= _MOST_CHARACTERS
    )


def beginning(wanted: Sequence[Any]) -> Sequence[Any]:
    """The first of what was too much."""
    return wanted[: len(wanted) // 8 or 1]
