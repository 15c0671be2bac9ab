"""Bulk creation of image records from Image API documents."""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import Image, image_from_document, parse_date
from glimpse.images.errors import Invalid

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IN_ONE_TRANSACTION = 10_000


class BadRecord(Invalid):
    """A record that cannot be loaded; the message says which and why."""


async def load(
    service: EmbeddedImageService,
    documents: Iterable[dict[str, Any]],
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Create the images that the documents describe, with their ids, dates, owners and statuses.

    A document is an image as the Image API shows it, and may have ``members``: a list of
    ``{"member_id": ..., "status": ...}``. An image with the same id is replaced. `progress` is
    called with the number of records loaded since the last call. Returns how many there were;
    raises BadRecord, with the transactions of 10,000 records before it kept.
    """
    count = 0
    async for records in _batches(documents, count):
        await service.put_records(records)
        count += len(records)
        progress(len(records))
    return count


_Record = tuple[Image, dict[str, str]]


async def _batches(documents: Iterable[dict[str, Any]], first: int) -> AsyncIterator[list[_Record]]:
    batch: list[_Record] = []
    for number, document in enumerate(documents, first + 1):
        batch.append(_record(number, document))
        if len(batch) == _IN_ONE_TRANSACTION:
            yield batch
            batch = []
    if batch:
        yield batch


def _record(number: int, document: dict[str, Any]) -> _Record:
    try:
        fields = {key: value for key, value in document.items() if key != "members"}
        image = image_from_document(fields)
        members = {
            member["member_id"]: member.get("status", "pending")
            for member in document.get("members") or ()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise BadRecord(f"Record {number} is no image document: {error!r}.") from None
    if not _UUID.fullmatch(str(image.id)):
        raise BadRecord(f"Record {number} has the id {image.id!r}, which is no UUID.")
    created_at, updated_at = parse_date(str(image.created_at)), parse_date(str(image.updated_at))
    if created_at is None or updated_at is None:
        raise BadRecord(f"Record {number} has a date that is not in ISO 8601 notation.")
    wrong = [name for name, value in _texts(image, members) if not isinstance(value, str | None)]
    if wrong:
        raise BadRecord(f"Record {number}: {wrong[0]!r} is neither a text nor null.")
    return image._replace(created_at=created_at, updated_at=updated_at), members


def _texts(image: Image, members: dict[str, str]) -> Iterator[tuple[str, object]]:
    """Everything in a record that has to be text, by name."""
    for name in ("name", "status", "visibility", "owner", "disk_format", "container_format"):
        yield name, getattr(image, name)
    yield from image.properties.items()
    yield from members.items()
    yield from (("member_id", member) for member in members)
