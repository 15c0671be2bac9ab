"""Services: creates, updates and deletes the services of the catalog in the identity file."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Service
from glimpse.identity.embedded.errors import Forbidden, NotFound
from glimpse.identity.embedded.identity_document_sections import Document, remove_entries
from glimpse.identity.embedded.identity_entry_edits import (
    add_entry,
    check_same_id,
    merge_extra,
    replace_entry,
)
from glimpse.identity.embedded.identity_file import IdentityFile

_KNOWN = frozenset(
    (
        *("id", "type", "name", "enabled", "links", "extra"),
        *("service_id", "interface", "url", "region_id", "region"),
    )
)


class OwnCatalogIds(NamedTuple):
    """The ids of the region, services and endpoints that this process adds to the catalog.

    These objects need no entries in the identity file, and cannot be changed.
    """

    region_id: str
    service_ids: frozenset[str]
    endpoint_ids: frozenset[str]


class Services:
    """Creates, updates and deletes services of the catalog in the identity file.

    `own` has the ids of the services of this process, which cannot be changed. `values` are
    attributes from a request. Check `values` against `schemas.SERVICE` before the call, and check
    that the caller may make the change. Attributes that Keystone does not know are stored in
    ``extra``. If the task of a method is cancelled, the change may still be made.
    """

    def __init__(self, identity_file: IdentityFile, own: OwnCatalogIds) -> None:
        self._file = identity_file
        self._own = own

    async def create(self, values: Mapping[str, Any]) -> Service:
        """Create a service with the attributes in `values`; return the service.

        The caller has checked `values` against `schemas.SERVICE`. Several services may have the
        same type and name. On return, the change is on disk.

        Raises Forbidden if there are too many services, or if the identity file would be too large.
        Raises IdentityFileUnavailable if the identity file is invalid or cannot be written, and
        ChangeNotSynced if a crash may undo the change.
        """
        service = _service_with(Service(uuid.uuid4().hex, values["type"]), values)

        def add(document: Document, directory: Directory) -> None:
            add_entry(document, directory, "services", service)

        await asyncio.to_thread(self._file.change, add)
        return service

    async def update(self, service_id: str, values: Mapping[str, Any]) -> Service:
        """Replace the attributes of a service that are in `values`; return the changed service.

        On return, the change is on disk. Raises NotFound if the service does not exist, and
        BadRequest if `values` have another id. Raises Forbidden for a service of this process, or
        if the identity file would be too large. Raises IdentityFileUnavailable if the identity file
        is invalid or cannot be written, and ChangeNotSynced if a crash may undo the change.
        """
        results: list[Service] = []

        def write(document: Document, directory: Directory) -> None:
            old = self._find(service_id, directory)
            check_same_id(service_id, values)
            changed = _service_with(old, values)
            results.append(replace_entry(document, directory, "services", old, changed))

        await asyncio.to_thread(self._file.change, write)
        return results[0]

    async def delete(self, service_id: str) -> None:
        """Delete a service and its endpoints. On return, the change is on disk.

        Raises NotFound if the service does not exist, and Forbidden for a service of this process.
        Raises IdentityFileUnavailable if the identity file is invalid or cannot be written, and
        ChangeNotSynced if a crash may undo the change.
        """

        def remove(document: Document, directory: Directory) -> None:
            self._find(service_id, directory)
            endpoints = directory.endpoints.values()
            of_service = {each.id for each in endpoints if each.service_id == service_id}
            remove_entries(document, "endpoints", of_service)
            remove_entries(document, "services", (service_id,))

        await asyncio.to_thread(self._file.change, remove)

    def _find(self, service_id: str, directory: Directory) -> Service:
        """Return the service with the id `service_id`.

        Raises NotFound if there is no such service, and Forbidden for a service of this process.
        """
        if service_id in self._own.service_ids:
            raise Forbidden(f"The service {service_id} is one of this process: it stays as it is.")
        service = directory.services.get(service_id)
        if service is None:
            raise NotFound(f"Could not find service: {service_id}.")
        return service


def _service_with(service: Service, values: Mapping[str, Any]) -> Service:
    """Return a copy of `service` with the attributes in `values`.

    A name of null removes the name.
    """
    return replace(
        service,
        type=values.get("type", service.type),
        name=values.get("name", service.name),
        enabled=values.get("enabled", service.enabled),
        extra=merge_extra(service.extra, values, _KNOWN),
    )
