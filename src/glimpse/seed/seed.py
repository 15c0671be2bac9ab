"""Seed: the content of a cloud, as a seed file describes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glimpse.embedded.catalog import Members
from glimpse.faults.rules import FaultRule
from glimpse.images import Image
from glimpse.servers.server import Server


@dataclass(frozen=True, slots=True)
class FileData:
    """Image data that is the content of a file."""

    path: Path


@dataclass(frozen=True, slots=True)
class GeneratedData:
    """Image data of `size` bytes, all of them zero but for the header of the disk format."""

    size: int


@dataclass(frozen=True, slots=True)
class ImageSeed:
    """An image, the status of its members by their project ids, and its data.

    Without ``data``, the image is stored as it is. With data, its size and digests are those of the
    data.
    """

    image: Image
    members: Members
    data: FileData | GeneratedData | None


@dataclass(frozen=True, slots=True)
class Seed:
    """What a cloud has when it starts.

    ``identity`` is a document as `identity_document_parser.parse_directory` describes it, in which
    all entries have ids, and application credentials a readable ``secret``. ``faults`` are those
    that requests have from the start. ``servers`` is None for a cloud without servers, in which the
    routes of servers are not offered.
    """

    identity: Mapping[str, Any]
    images: tuple[ImageSeed, ...] = ()
    servers: tuple[Server, ...] | None = None
    faults: tuple[FaultRule, ...] = ()
