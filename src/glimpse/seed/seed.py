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
    """Image data of `size` bytes that is generated: zeros.

    If the disk format is qcow2, the data starts with a header, which is part of the `size` bytes.
    """

    size: int


@dataclass(frozen=True, slots=True)
class ImageSeed:
    """An image, its members and its data.

    `members` has the status of each member, by project id. If `data` is None, the image is stored
    unchanged. Otherwise the data is uploaded, and determines the image's sizes and digests; `image`
    has none of them.
    """

    image: Image
    members: Members
    data: FileData | GeneratedData | None


@dataclass(frozen=True, slots=True)
class Seed:
    """What a cloud has when it starts.

    ``identity`` is an identity document, which the module `identity_document` describes. Every
    entry has an id, and every application credential a ``secret`` in plain text. If ``servers`` is
    None, the cloud has no routes for servers. If ``servers`` is empty, the cloud has these routes,
    but no server. ``faults`` are the fault rules that apply to requests from the start.
    """

    identity: Mapping[str, Any]
    images: tuple[ImageSeed, ...] = ()
    servers: tuple[Server, ...] | None = None
    faults: tuple[FaultRule, ...] = ()
