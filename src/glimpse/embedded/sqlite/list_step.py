"""ListStep: the images of one bounded step of a list, and the cursor for the next step."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from glimpse.images import Image


class ListingPosition(NamedTuple):
    """The position of an image in the usual order (newest first) of the listing index.

    `position` is that of `listing_index.position_of`, `number` the row number of the image.
    """

    position: int
    number: int


Cursor = TypeVar("Cursor", ListingPosition, Image, ListingPosition | Image)


class ListStep(NamedTuple, Generic[Cursor]):
    """Images of a list, in its order, and the cursor after which the next step starts.

    `cursor` is None after the last step. It is a ListingPosition in a list in the usual order, and
    the last image read in a list that the query sorts.
    """

    images: Sequence[Image]
    cursor: Cursor | None
