"""ImageQuery: the filters, order and limit of a list; Page: some images of a list."""

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
    """One sort key of a list: an attribute of SORT_KEYS, and a direction."""

    key: str
    direction: SortDirection


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """The filters, order and limit of a list of images. A filter that is None is not applied.

    An image that the caller can see is listed if all filters match. Killed and deleted images are
    never listed.

    - ``names``, ``statuses``, ``ids``, ``disk_formats`` and ``container_formats`` match an image
      that has one of the values.
    - ``properties`` and ``tags`` match an image that has all of the values. If they are empty, they
      match every image.
    - ``size_min`` and ``size_max`` are inclusive. Units are the same as in Image.
    - ``created_at`` and ``updated_at`` match an image whose date fulfils the comparison.
    - ``visibility`` None matches every image, except community images of other projects. "all"
      matches these community images, too. "" matches no image.
    - ``member_status`` concerns only images that other projects share with the caller. It matches
      if the membership has this status, if ``member_status`` is "all", or for an admin.
    - If ``os_hidden`` is True, only hidden images are listed; otherwise no hidden image is listed.
    - Any other filter, or other value of ``visibility``, matches an image that has the value.

    Texts are compared as the Image service compares them (see `comparison_form`).

    ``sort`` is empty for the default order: newest first, then by descending id. ``marker`` is the
    id of the image after which the list starts; None starts with the first image. ``limit`` is the
    largest number of images in the list; None is no limit.
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
    """Some successive images of a list. ``images`` may be empty.

    ``is_last`` is True if no page follows. ``has_more`` is True on the last page of a list if the
    list ended at the query's ``limit`` although further images match.
    """

    images: Sequence[Image]
    is_last: bool = True
    has_more: bool = False
