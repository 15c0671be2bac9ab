"""Regions: creates, updates and deletes the regions of the catalog in the identity file."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Region
from glimpse.identity.embedded.errors import BadRequest, Conflict, Forbidden, NotFound
from glimpse.identity.embedded.identity_document_sections import Document, remove_entries
from glimpse.identity.embedded.identity_entry_edits import (
    add_entry,
    check_same_id,
    merge_extra,
    replace_entry,
)
from glimpse.identity.embedded.identity_file import IdentityFile

_KNOWN = frozenset(("id", "description", "parent_region_id", "links", "extra"))


class Regions:
    """Creates, updates and deletes regions of the catalog in the identity file.

    `values` are attributes from a request. Check `values` against `schemas.REGION` before the call,
    and check that the caller may make the change. Attributes that Keystone does not know are stored
    in ``extra``. If the task of a method is cancelled, the change may still be made.

    `own_region` is the id of this process's region. That region needs no entry in the file, and can
    be neither changed nor deleted. The region of this process may be the parent of other regions.
    """

    def __init__(self, identity_file: IdentityFile, own_region: str) -> None:
        self._file = identity_file
        self._own_region = own_region

    async def create(self, region_id: str, values: Mapping[str, Any]) -> Region:
        """Create a region with the attributes in `values`; return the region.

        `region_id` is the id of the region; an ``id`` in `values` is ignored. The caller has
        checked `values` against `schemas.REGION`. On return, the change is on disk.

        Raises Conflict if the region exists, NotFound if its parent does not exist, and BadRequest
        if the parent is the region itself or a region below it. Raises Forbidden if there are too
        many regions, or if the identity file would be too large. Raises IdentityFileUnavailable if
        the identity file is invalid or cannot be written, and ChangeNotSynced if a crash may undo
        the change.
        """
        region = _with_values(Region(region_id), values)

        def add(document: Document, directory: Directory) -> None:
            if region_id == self._own_region or region_id in directory.regions:
                raise Conflict(f"There is a region with the id {region_id} already.")
            self._check_parent(region, directory)
            add_entry(document, directory, "regions", region)

        await asyncio.to_thread(self._file.change, add)
        return region

    async def update(self, region_id: str, values: Mapping[str, Any]) -> Region:
        """Replace the attributes of a region that are in `values`; return the changed region.

        On return, the change is on disk.

        Raises NotFound if the region does not exist, or if the parent of the changed region does
        not exist. Raises BadRequest if `values` have another id, or if the parent is the region
        itself or a region below it. Raises Forbidden for the region of this process, or if the
        identity file would be too large. Raises IdentityFileUnavailable if the identity file is
        invalid or cannot be written, and ChangeNotSynced if a crash may undo the change.
        """
        results: list[Region] = []

        def write(document: Document, directory: Directory) -> None:
            old = self._find(region_id, directory)
            check_same_id(region_id, values)
            changed = _with_values(old, values)
            self._check_parent(changed, directory)
            results.append(replace_entry(document, directory, "regions", old, changed))

        await asyncio.to_thread(self._file.change, write)
        return results[0]

    async def delete(self, region_id: str) -> None:
        """Delete a region and all regions below it. On return, the change is on disk.

        Raises NotFound if the region does not exist. Raises Forbidden for the region of this
        process, or if the region or a region below it has endpoints. Raises IdentityFileUnavailable
        if the identity file is invalid or cannot be written, and ChangeNotSynced if a crash may
        undo the change.
        """

        def remove(document: Document, directory: Directory) -> None:
            self._find(region_id, directory)
            deleted = {region_id} | {
                each.id
                for each in directory.regions.values()
                if region_id in _ancestors(each, directory)
            }
            if any(each.region_id in deleted for each in directory.endpoints.values()):
                raise Forbidden(
                    f"Unable to delete region {region_id} because it or its child regions have "
                    "associated endpoints."
                )
            remove_entries(document, "regions", deleted)

        await asyncio.to_thread(self._file.change, remove)

    def _find(self, region_id: str, directory: Directory) -> Region:
        """Return the region with the id `region_id`.

        Raises NotFound if there is no such region, and Forbidden for the region of this process.
        """
        if region_id == self._own_region:
            raise Forbidden(f"The region {region_id} is set in the configuration of this process.")
        region = directory.regions.get(region_id)
        if region is None:
            raise NotFound(f"Could not find region: {region_id}.")
        return region

    def _check_parent(self, region: Region, directory: Directory) -> None:
        """Check the parent of `region`, which may be None or the region of this process.

        Raises NotFound if the parent is unknown. Raises BadRequest if the parent is `region` itself
        or a region below it.
        """
        parent_id = region.parent_region_id
        if parent_id is None or parent_id == self._own_region:
            return
        parent = directory.regions.get(parent_id)
        if parent_id != region.id and parent is None:
            raise NotFound(f"Could not find region: {parent_id}.")
        if parent is None or region.id in (parent_id, *_ancestors(parent, directory)):
            raise BadRequest(
                f"The parent region {parent_id} would create a circular region hierarchy."
            )


def _with_values(region: Region, values: Mapping[str, Any]) -> Region:
    """Return a copy of `region` with the attributes in `values`.

    A description of null becomes an empty string. A parent of null stands for no parent.
    """
    return replace(
        region,
        description=values.get("description", region.description) or "",
        parent_region_id=values.get("parent_region_id", region.parent_region_id),
        extra=merge_extra(region.extra, values, _KNOWN),
    )


def _ancestors(region: Region, directory: Directory) -> list[str]:
    """Return the ids of the regions above `region`, the nearest first.

    Each id is in the result once, even if an edited file puts a region above itself. The last id
    may be one that `directory` does not have.
    """
    found: list[str] = []
    parent_id = region.parent_region_id
    # The file could have been edited so that a region is above itself.
    while parent_id is not None and parent_id not in found:
        found.append(parent_id)
        parent = directory.regions.get(parent_id)
        parent_id = parent.parent_region_id if parent else None
    return found
