"""ListStep: the result of one bounded read of a list, and the cursor for the next read."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from glimpse.images import Image


class ListingPosition(NamedTuple):
    """The place of an image in the listing index. A newer image has a higher place.

    Lists start at the highest place, because their order is newest first. `position` is a number
    made of the creation time and the id (`listing_index.position_of`). `number` is the image's row
    number, which orders images with the same position.
    """

    position: int
    number: int


ListCursor = TypeVar("ListCursor", ListingPosition, Image, ListingPosition | Image)


class ListStep(NamedTuple, Generic[ListCursor]):
    """The images that one bounded read of a list has found, and where the next read starts.

    `images` may be empty although the list goes on. The next read starts after `cursor`, which is a
    place in the listing index or an image. `cursor` is None at the end of the list.
    """

    images: Sequence[Image]
    cursor: ListCursor | None
