"""Usage: how much the images of a project take, as quotas count it. Pure."""

from typing import NamedTuple

_GONE = frozenset(("killed", "deleted", "pending_delete"))
_STORED = frozenset(("active", "deactivated"))
_STAGED = frozenset(("uploading", "importing"))
_UPLOADING = frozenset(("saving", "uploading", "importing"))
# The most bytes that count of one image. A bulk load may give an image any size, and the sum for a
# million images has to fit into a column.
_MAX_SIZE = 2**43


class Usage(NamedTuple):
    """How much the images of a project take together, or how much one image takes.

    `images` is the number of images. `size` is the bytes of stored data, and `staged` the bytes of
    data that waits to be imported. `uploading` is the number of images that are being given data.
    """

    images: int = 0
    size: int = 0
    staged: int = 0
    uploading: int = 0


def usage_of(status: str, size: int | None) -> Usage:
    """Return the Usage of one image with this `status` and `size` bytes of data.

    In status active or deactivated, `size` counts as stored data; in status uploading or importing,
    as staged data. In other statuses, `size` does not count. None counts as 0, and more than 8 TiB
    count as 8 TiB. In status saving, uploading or importing, the image counts in ``uploading``. In
    status deleted, pending_delete or killed, all numbers are 0.
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
