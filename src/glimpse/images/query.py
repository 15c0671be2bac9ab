"""ImageQuery: the filters and the order of a list of images; Page: some images of a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from glimpse.images.dates import DateBound
from glimpse.images.image import Image

SortDirection = Literal["asc", "desc"]

SORT_KEYS = frozenset(
    (
        "name",
        "status",
        "container_format",
        "disk_format",
        "size",
        "id",
        "created_at",
        "updated_at",
    )
)
VISIBILITIES = frozenset(("public", "private", "shared", "community", "all"))
MEMBER_STATUSES = frozenset(("accepted", "pending", "rejected", "all"))


class Sort(NamedTuple):
    """Sort by an attribute of SORT_KEYS."""

    key: str
    direction: SortDirection


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """The filters, order and bounds of a list of images. A filter that is None is not applied.

    ``names``, ``statuses``, ``ids``, ``disk_formats`` and ``container_formats`` match images with
    any of the values; ``properties`` and ``tags`` match images that have all of them. ``sort`` is
    empty for the default order: created newest first, then by id. ``marker`` is the id of the
    image after which the list starts, ``limit`` the most images that it may have (None: no limit).
    """

    names: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    disk_formats: tuple[str, ...] | None = None
    container_formats: tuple[str, ...] | None = None
    visibility: str | None = None
    member_status: str = "accepted"
    owner: str | None = None
    os_hidden: bool = False
    protected: bool | None = None
    min_ram: int | None = None
    min_disk: int | None = None
    size: int | None = None
    virtual_size: int | None = None
    size_min: int | None = None
    size_max: int | None = None
    checksum: str | None = None
    os_hash_algo: str | None = None
    os_hash_value: str | None = None
    created_at: DateBound | None = None
    updated_at: DateBound | None = None
    tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)  # not hashable
    sort: tuple[Sort, ...] = ()
    marker: str | None = None
    limit: int | None = None


class Page(NamedTuple):
    """Some images of a list, in its order.

    ``is_last``: no page follows. ``has_more``: the list ended at the query's ``limit``, and further
    images exist; it is set on the last page only.
    """

    images: Sequence[Image]
    is_last: bool = True
    has_more: bool = False
