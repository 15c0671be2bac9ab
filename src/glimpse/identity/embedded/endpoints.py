"""Endpoints: creates, updates and deletes endpoints of the catalog in the identity file."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Endpoint, Region
from glimpse.identity.embedded.endpoint_urls import has_valid_substitutions
from glimpse.identity.embedded.errors import BadRequest, Forbidden, NotFound
from glimpse.identity.embedded.identity_document_sections import Document, remove_entries
from glimpse.identity.embedded.identity_entry_edits import (
    add_entry,
    check_same_id,
    merge_extra,
    replace_entry,
)
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.services import OwnCatalogIds

# Without ``name``: the name of an endpoint is kept in ``extra``, unlike that of a service.
_KNOWN = frozenset(
    (
        *("id", "type", "enabled", "links", "extra"),
        *("service_id", "interface", "url", "region_id", "region"),
    )
)


class Endpoints:
    """Creates, updates and deletes endpoints of the catalog in the identity file.

    `own` has the ids of the region, services and endpoints that this process adds to the catalog.
    An endpoint in the identity file may use that region and those services. The endpoints that this
    process adds cannot be changed or deleted.

    `values` are attributes from a request. Check `values` against `schemas.ENDPOINT` before the
    call, and check that the caller may make the change. Attributes that Keystone does not know are
    stored in ``extra``, as is ``name``. If the task of a method is cancelled, the change may still
    be made.
    """

    def __init__(self, identity_file: IdentityFile, own: OwnCatalogIds) -> None:
        self._file = identity_file
        self._own = own

    async def create(self, values: Mapping[str, Any]) -> Endpoint:
        """Create an endpoint with the attributes in `values`; return the endpoint.

        The caller has checked `values` against `schemas.ENDPOINT`. If ``region_id`` is missing or
        null, ``region`` is the id of the region. That region is created if it does not exist. On
        return, the change is on disk.

        Raises BadRequest for an unknown service, an unknown ``region_id``, or a URL with invalid
        substitutions (see `has_valid_substitutions`). Raises Forbidden if there are too many
        endpoints or regions, or if the identity file would be too large. Raises
        IdentityFileUnavailable if the identity file is invalid or cannot be written, and
        ChangeNotSynced if a crash may undo the change.
        """
        if not has_valid_substitutions(values["url"]):
            raise BadRequest(f"Cannot create an endpoint with an invalid URL: {values['url']}.")
        required = (values[name] for name in ("service_id", "interface", "url"))
        endpoint = _endpoint_with(Endpoint(uuid.uuid4().hex, *required), values)

        def add(document: Document, directory: Directory) -> None:
            self._add_missing_region(document, directory, endpoint, values)
            self._check_service(endpoint, directory)
            add_entry(document, directory, "endpoints", endpoint)

        await asyncio.to_thread(self._file.change, add)
        return endpoint

    async def update(self, endpoint_id: str, values: Mapping[str, Any]) -> Endpoint:
        """Replace the attributes of an endpoint that are in `values`; return the changed endpoint.

        On return, the change is on disk. The substitutions in the URL are not checked, as in
        Keystone: an endpoint with an invalid one is left out of the catalog. ``region_id`` and
        ``region`` in `values` set the region as in `create`. If the endpoint keeps a region that no
        longer exists, that region is created again.

        Raises NotFound if the endpoint does not exist. Raises BadRequest if `values` have another
        id, or if the service or ``region_id`` is unknown. Raises Forbidden for an endpoint of this
        process, if there are too many regions, or if the identity file would be too large. Raises
        IdentityFileUnavailable if the identity file is invalid or cannot be written, and
        ChangeNotSynced if a crash may undo the change.
        """
        results: list[Endpoint] = []

        def write(document: Document, directory: Directory) -> None:
            old = self._find(endpoint_id, directory)
            check_same_id(endpoint_id, values)
            changed = _endpoint_with(old, values)
            self._add_missing_region(document, directory, changed, values)
            self._check_service(changed, directory)
            results.append(replace_entry(document, directory, "endpoints", old, changed))

        await asyncio.to_thread(self._file.change, write)
        return results[0]

    async def delete(self, endpoint_id: str) -> None:
        """Delete an endpoint. On return, the change is on disk.

        Raises NotFound if the endpoint does not exist, and Forbidden for an endpoint of this
        process. Raises IdentityFileUnavailable if the identity file is invalid or cannot be
        written, and ChangeNotSynced if a crash may undo the change.
        """

        def remove(document: Document, directory: Directory) -> None:
            self._find(endpoint_id, directory)
            remove_entries(document, "endpoints", (endpoint_id,))

        await asyncio.to_thread(self._file.change, remove)

    def _find(self, endpoint_id: str, directory: Directory) -> Endpoint:
        """Return the endpoint with the id `endpoint_id`.

        Raises NotFound if there is no such endpoint, and Forbidden for an endpoint of this process.
        """
        if endpoint_id in self._own.endpoint_ids:
            raise Forbidden(
                f"The endpoint {endpoint_id} is one of this process: it stays as it is."
            )
        endpoint = directory.endpoints.get(endpoint_id)
        if endpoint is None:
            raise NotFound(f"Could not find endpoint: {endpoint_id}.")
        return endpoint

    def _add_missing_region(
        self,
        document: Document,
        directory: Directory,
        endpoint: Endpoint,
        values: Mapping[str, Any],
    ) -> None:
        """Add the region of `endpoint` to `document`, in place, if the region does not exist.

        `directory` is the Directory of `document`. Does nothing if `endpoint` has no region.

        Raises BadRequest if ``region_id`` in `values` names a region that does not exist. Raises
        Forbidden if there would be too many regions, or if `document` would be too large. After an
        error, discard `document`.
        """
        region_id = endpoint.region_id
        if region_id is None or region_id == self._own.region_id or region_id in directory.regions:
            return
        if values.get("region_id") is not None:
            raise BadRequest(f"There is no region with the id {region_id}.")
        add_entry(document, directory, "regions", Region(region_id))

    def _check_service(self, endpoint: Endpoint, directory: Directory) -> None:
        """Raise BadRequest if the service of `endpoint` does not exist."""
        service_id = endpoint.service_id
        if service_id not in self._own.service_ids and service_id not in directory.services:
            raise BadRequest(f"There is no service with the id {service_id}.")


def _endpoint_with(endpoint: Endpoint, values: Mapping[str, Any]) -> Endpoint:
    """Return a copy of `endpoint` with the attributes in `values`.

    The region of the copy is ``region_id`` in `values`. If that is missing or null, the region is
    ``region`` in `values`. If ``region`` is missing or null, too, a ``region_id`` of null removes
    the region; otherwise the region stays the same.
    """
    region_id = values.get("region_id", endpoint.region_id)
    if values.get("region_id") is None and values.get("region") is not None:
        region_id = values["region"]
    return replace(
        endpoint,
        service_id=values.get("service_id", endpoint.service_id),
        interface=values.get("interface", endpoint.interface),
        url=values.get("url", endpoint.url),
        region_id=region_id,
        enabled=values.get("enabled", endpoint.enabled),
        extra=merge_extra(endpoint.extra, values, _KNOWN),
    )
