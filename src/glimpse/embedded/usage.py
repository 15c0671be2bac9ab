"""Usage: how much a project's images take, as quotas count it. Pure."""

from typing import NamedTuple

_GONE = frozenset(("killed", "deleted", "pending_delete"))
_STORED = frozenset(("active", "deactivated"))
_STAGED = frozenset(("uploading", "importing"))
_UPLOADING = frozenset(("saving", "uploading", "importing"))
# Bytes of an image that count at most. A bulk load may name any size; the sum of a million such
# sizes still has to fit into a column.
_MAX_SIZE = 2**43


class Usage(NamedTuple):
    """What the images of a project, or one image, take.

    `images` is their number, `size` the bytes of stored data, `staged` the bytes of data that waits
    to be imported, and `uploading` the number of images that are being given data.
    """

    images: int = 0
    size: int = 0
    staged: int = 0
    uploading: int = 0


def usage_of(status: str, size: int | None) -> Usage:
    """Return what an image in this status takes, with `size` bytes of data; None is no data.

    An image whose status is deleted, pending_delete or killed takes nothing.
    """
    if status in _GONE:
        return Usage()
    size = min(size or 0, _MAX_SIZE)
    return Usage(
        images=1,
        size=size if status in _STORED else 0,
        staged=size if status in _STAGED else 0,
        uploading=1 if status in _UPLOADING else 0,
    )
