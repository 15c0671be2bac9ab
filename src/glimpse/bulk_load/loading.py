"""Create many image records from documents, in large transactions."""

from collections.abc import Callable, Iterable, Iterator

from glimpse.bulk_load.image_documents import parse_image_and_members
from glimpse.embedded.catalog import Members
from glimpse.embedded.image_formats import ImageFormats
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import Image
from glimpse.images.errors import Invalid

BATCH_SIZE = 10_000  # records in a transaction


class BadDocument(Invalid):
    """A document is invalid or was not allowed, so loading has stopped. The message says why.

    `loaded_count` images have been stored: the images of all earlier batches.
    """

    def __init__(self, reason: str, loaded_count: int) -> None:
        super().__init__(reason)
        self.loaded_count = loaded_count


async def load(
    service: EmbeddedImageService,
    documents: Iterable[object],
    progress: Callable[[int], None] = lambda _: None,
    check: Callable[[Image], object] = lambda _: None,
) -> int:
    """Create the images that `documents` describe; return the number of documents.

    `parse_image_and_members` says what a document may have. Ids, dates, owners and statuses are
    kept. An image replaces a stored image with the same id, and that image's members. No permission
    is checked. `check` is called with each image; it raises Invalid to reject an image.

    Each batch of 10,000 images is stored whole or not at all. After a batch has been stored,
    `progress` is called with the number of images in the batch. Raises BadDocument if a document is
    invalid, or if `documents` or `check` raises Invalid; the current batch is not stored. Raises
    Unavailable if the catalog cannot be written. Other errors of `documents`, `progress` and
    `check` are raised unchanged. Batches that were stored before an error are kept.
    """
    count = 0
    for batch in _batches(documents, service.image_formats, check):
        await service.put(batch)
        count += len(batch)
        progress(len(batch))
    return count


def _batches(
    documents: Iterable[object], formats: ImageFormats, check: Callable[[Image], object]
) -> Iterator[list[tuple[Image, Members]]]:
    """Yield the images and their members in lists of BATCH_SIZE; the last may be shorter.

    Calls `check` with each image. Yields nothing for no documents. Raises BadDocument if a document
    is invalid, or if `documents` or `check` raises Invalid. The images that follow the last yielded
    list are then never yielded.
    """
    loaded_count = 0
    batch: list[tuple[Image, Members]] = []
    try:
        for document in documents:
            image, members = parse_image_and_members(document, formats)
            check(image)
            batch.append((image, members))
            if len(batch) == BATCH_SIZE:
                yield batch
                loaded_count += len(batch)
                batch = []
    except Invalid as error:
        raise BadDocument(str(error), loaded_count) from None
    if batch:
        yield batch
