"""TenancyImages: images of the table of tenancy, twice each, in a real Glance's tables."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from tests.acceptance.tenancy import ATTRIBUTES, PROJECTS, Operation, image_document
from tests.peers.glance_tables import put_images
from tests.peers.odd_images import SYSTEM
from tests.peers.peer_cloud import PeerCloud
from tests.support.cloud import Member

KINDS = tuple(ATTRIBUTES)
_NAMES = {caller: f"tenancy-{caller}" for caller in PROJECTS}


def _member(name: str, caller: str, *roles: str) -> Member:
    """Return a user with these roles in the project of one of the table's callers."""
    return Member(name, PROJECTS[caller], roles, _NAMES[caller])


# The callers of the table, users with other roles in the project of `owner`, and an administrator
# of the system.
TENANTS: Mapping[str, Member] = {
    **{
        caller: _member(name, caller, "member", *(["admin"] if caller == "admin" else ["reader"]))
        for caller, name in _NAMES.items()
    },
    "reader": _member("tenancy-reader", "owner", "reader"),
    "guest": _member("tenancy-guest", "owner", "guest"),
    "system": SYSTEM,
}


class TenancyImages:
    """Two images of each kind of the table for each of some operations."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._documents = {
            (kind, operation.name): (image_document(kind), image_document(kind))
            for kind in KINDS
            for operation in operations
        }

    @classmethod
    @contextmanager
    def create(cls, peers: PeerCloud, operations: Iterable[Operation]) -> Iterator[Self]:
        """Write the images to Glance's tables, and remove them at the end."""
        images = cls(operations)
        documents = [document for twins in images._documents.values() for document in twins]
        with peers.glance_tables() as tables:
            put_images(tables, documents)
        yield images
        with peers.glance_tables() as tables:
            put_images(tables, (), absent=[document["id"] for document in documents])

    def twins(self, kind: str, operation: Operation) -> tuple[str, str]:
        """Return the ids of the two images for an operation on a kind of image."""
        first, second = self._documents[kind, operation.name]
        return first["id"], second["id"]
