"""Domains: creates, updates and deletes the domains in the identity file."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, Domain
from glimpse.identity.embedded.errors import BadRequest, Conflict, Forbidden, NotFound
from glimpse.identity.embedded.identity_document_sections import Document
from glimpse.identity.embedded.identity_entry_edits import (
    add_entry,
    check_mutable,
    check_updatable,
    merge_attributes,
    merge_extra,
    merge_options,
    replace_entry,
)
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.identity_removals import remove_domain

_UUID_LENGTH = 32  # without hyphens
_KNOWN = frozenset(
    (
        *("id", "name", "description", "domain_id", "parent_id", "enabled", "is_domain", "tags"),
        *("options", "links", "extra", "explicit_domain_id"),
    )
)


class Domains:
    """Creates, updates and deletes domains in the identity file.

    `values` are attributes from a request. Check `values` against `schemas.DOMAIN` before the call,
    and check that the caller may make the change. Spaces around a name are removed. Attributes that
    Keystone does not know are stored in ``extra``. If the task of a method is cancelled, the change
    may still be made.
    """

    def __init__(self, identity_file: IdentityFile) -> None:
        self._file = identity_file

    async def create(self, values: Mapping[str, Any]) -> Domain:
        """Create a domain with the attributes in `values`; return the domain.

        The caller has checked `values` against `schemas.DOMAIN`. An ``explicit_domain_id`` in
        `values` is the id of the domain; otherwise the id is random. On return, the change is on
        disk.

        Raises BadRequest if ``explicit_domain_id`` is not a UUID in lower case without hyphens.
        Raises Conflict if a domain or project has the id, or if another domain has the name,
        ignoring case. Raises Forbidden if there are too many domains, or if the identity file would
        be too large. Raises IdentityFileUnavailable if the identity file is invalid or cannot be
        written, and ChangeNotSynced if a crash may undo the change.
        """
        domain_id = values.get("explicit_domain_id") or uuid.uuid4().hex
        if len(domain_id) != _UUID_LENGTH or not set(domain_id) <= set("0123456789abcdef"):
            raise BadRequest("explicit_domain_id has to be a UUID without hyphens.")
        domain = Domain(
            id=domain_id,
            name=values["name"].strip(),
            enabled=values.get("enabled", True),
            description=values.get("description", ""),
            tags=tuple(values.get("tags", ())),
            options=merge_options({}, values.get("options", {})),
            extra=merge_extra({}, values, _KNOWN),
        )

        def add(document: Document, directory: Directory) -> None:
            if domain_id in directory.domains or domain_id in directory.projects:
                raise Conflict(f"There is a domain or project with the id {domain_id} already.")
            _check_name(domain, directory)
            add_entry(document, directory, "domains", domain)

        await asyncio.to_thread(self._file.change, add)
        return domain

    async def update(self, domain_id: str, values: Mapping[str, Any]) -> Domain:
        """Replace the attributes of a domain that are in `values`; return the changed domain.

        On return, the change is on disk. An ``id`` in `values` is ignored, as in Keystone. While a
        domain is disabled, tokens of users of the domain are invalid, and so are tokens for the
        domain or for a project of the domain. These tokens are valid again when the domain is
        enabled again.

        Raises NotFound if the domain does not exist. Raises Conflict if another domain has the new
        name, ignoring case. Raises Forbidden if the domain is immutable, unless `values` have only
        ``options``, with ``immutable`` false or null. Raises Forbidden, too, if the domain Default
        has no entry yet and there are too many domains, or if the identity file would be too large.
        Raises IdentityFileUnavailable if the identity file is invalid or cannot be written, and
        ChangeNotSynced if a crash may undo the change.
        """
        results: list[Domain] = []

        def write(document: Document, directory: Directory) -> None:
            old = _find(domain_id, directory)
            check_updatable("domain", old, values)
            changed = merge_attributes(old, values, _KNOWN)
            _check_name(changed, directory)
            results.append(replace_entry(document, directory, "domains", old, changed))

        await asyncio.to_thread(self._file.change, write)
        return results[0]

    async def delete(self, domain_id: str) -> None:
        """Delete a disabled domain with its users, projects and roles. Images are kept.

        Role assignments, application credentials and implications of these objects are deleted,
        too, as are the users' access rules. A user of another domain loses a default project that
        is deleted. On return, the change is on disk.

        Raises NotFound if the domain does not exist. Raises Forbidden if the domain is enabled or
        immutable, if a project of the domain is immutable, or if the domain is Default, which
        always exists. After these errors, nothing is deleted. Raises IdentityFileUnavailable if the
        identity file is invalid or cannot be written, and ChangeNotSynced if a crash may undo the
        change.
        """

        def remove(document: Document, directory: Directory) -> None:
            domain = _find(domain_id, directory)
            check_mutable("domain", domain)
            if domain.enabled:
                raise Forbidden("Cannot delete a domain that is enabled, please disable it first.")
            if domain_id == DOMAIN_ID:
                raise Forbidden("The domain Default cannot be deleted.")
            for project in directory.projects.values():
                if project.domain_id == domain_id:
                    check_mutable("project", project)
            remove_domain(document, directory, domain_id)

        await asyncio.to_thread(self._file.change, remove)


def _find(domain_id: str, directory: Directory) -> Domain:
    domain = directory.domains.get(domain_id)
    if domain is None:
        raise NotFound(f"Could not find domain: {domain_id}.")
    return domain


def _check_name(domain: Domain, directory: Directory) -> None:
    """Raise Conflict if a domain with another id has the name of `domain`, ignoring case."""
    other = directory.domain(name=domain.name)
    if other is not None and other.id != domain.id:
        raise Conflict(f"There is a domain {domain.name} already.")
