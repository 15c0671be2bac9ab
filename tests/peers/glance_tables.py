"""Writes images to Glance's database, with dates and statuses that its API cannot set."""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glimpse.images import BASE_ATTRIBUTES
from tests.peers.glance_databases import TableWriter

_COLUMNS = (
    "name",
    "disk_format",
    "container_format",
    "size",
    "virtual_size",
    "status",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
    "owner",
)
_DEFAULTS = {
    "visibility": "shared",
    "min_disk": 0,
    "min_ram": 0,
    "protected": False,
    "os_hidden": False,
}
_BATCH = 1000  # rows of an INSERT
_PARTS = ("image_properties", "image_members", "image_locations", "image_tags")
_WITH_DATA = ("active", "deactivated")
_NO_PROPERTIES = BASE_ATTRIBUTES | {"members"}

Document = Mapping[str, Any]


def put_images(
    glance: TableWriter | sqlite3.Connection,
    documents: Iterable[Document],
    absent: Iterable[str] = (),
) -> None:
    """Create or replace the images of these Image API documents; delete those in `absent`.

    A document may have a list of ``members``. The images have no data.
    """
    images = list(documents)
    ids = [(image_id,) for image_id in [*absent, *(image["id"] for image in images)]]
    for table in _PARTS:
        glance.executemany(f"DELETE FROM {table} WHERE image_id = ?", ids)
    glance.executemany("DELETE FROM images WHERE id = ?", ids)
    _insert(glance, "images", (_image(image) for image in images))
    _insert(glance, "image_properties", (row for image in images for row in _properties(image)))
    _insert(glance, "image_members", (row for image in images for row in _members(image)))
    _insert(glance, "image_locations", (row for image in images for row in _locations(image)))
    _insert(glance, "image_tags", (row for image in images for row in _tags(image)))


def _insert(glance: TableWriter | sqlite3.Connection, table: str, rows: Iterable[Document]) -> None:
    remaining = iter(rows)
    while batch := [*itertools.islice(remaining, _BATCH)]:
        names, marks = ", ".join(batch[0]), ", ".join(f":{name}" for name in batch[0])
        glance.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", batch)


def _image(image: Document) -> Document:
    return {
        "id": image["id"],
        **{name: image.get(name) for name in _COLUMNS},
        **{name: image.get(name, default) for name, default in _DEFAULTS.items()},
        **_dates(image),
    }


def _dates(image: Document) -> dict[str, Any]:
    def column(name: str) -> str:
        return str(image[name]).replace("T", " ").replace("Z", ".000000")

    created, updated = column("created_at"), column("updated_at")
    return {"created_at": created, "updated_at": updated, "deleted": False}


def _properties(image: Document) -> Iterator[Document]:
    for name in image.keys() - _NO_PROPERTIES:
        yield {"image_id": image["id"], "name": name, "value": image[name], **_dates(image)}


def _members(image: Document) -> Iterator[Document]:
    for member in image.get("members", ()):
        project, status = member["member_id"], member["status"]
        row = {"image_id": image["id"], "member": project, "status": status, "can_share": False}
        yield {**row, **_dates(image)}


def _locations(image: Document) -> Iterator[Document]:
    if image["status"] in _WITH_DATA:
        where = {"value": f"file:///nowhere/{image['id']}", "meta_data": '{"store": "store"}'}
        yield {"image_id": image["id"], **where, "status": "active", **_dates(image)}


def _tags(image: Document) -> Iterator[Document]:
    for tag in image.get("tags", ()):
        yield {"image_id": image["id"], "value": tag, **_dates(image)}
