"""Roles: creates, updates and deletes the roles and implications in the identity file."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from glimpse.identity.embedded import limits
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Role
from glimpse.identity.embedded.errors import BadRequest, Conflict, Forbidden, NotFound
from glimpse.identity.embedded.identity_document_sections import Document, section_of
from glimpse.identity.embedded.identity_entry_edits import (
    add_entry,
    check_mutable,
    check_same_id,
    check_size,
    check_updatable,
    merge_extra,
    merge_options,
    replace_entry,
)
from glimpse.identity.embedded.identity_entry_rendering import role_reference
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.identity_removals import remove_implications, remove_roles
from glimpse.identity.embedded.standard_roles import (
    STANDARD_IMPLICATIONS,
    STANDARD_ROLES,
    role_id_of,
)

_STANDARD_IDS = frozenset(role.id for role in STANDARD_ROLES)
_KNOWN = frozenset(("id", "name", "description", "domain_id", "options", "links", "extra"))


class Roles:
    """Creates, updates and deletes roles and implications in the identity file.

    `values` are attributes from a request. Check `values` against `schemas.ROLE` before the call,
    and check that the caller may make the change. Attributes that Keystone does not know are stored
    in ``extra``. If the task of a method is cancelled, the change may still be made.
    """

    def __init__(self, identity_file: IdentityFile) -> None:
        self._file = identity_file

    async def create(self, values: Mapping[str, Any]) -> Role:
        """Create a role with the attributes in `values`; return the role.

        The caller has checked `values` against `schemas.ROLE`. Without a ``domain_id`` in `values`,
        the role belongs to no domain. On return, the change is on disk.

        Raises NotFound for an unknown domain. Raises Conflict if another role of the same domain
        has the name, ignoring case. A role of no domain is compared with the other roles of no
        domain. Raises Forbidden if there are too many roles, or if the identity file would be too
        large. Raises IdentityFileUnavailable if the identity file is invalid or cannot be written,
        and ChangeNotSynced if a crash may undo the change.
        """
        role = Role(
            id=uuid.uuid4().hex,
            name=values["name"],
            description=values.get("description"),
            domain_id=values.get("domain_id"),
            options=merge_options({}, values.get("options", {})),
            extra=merge_extra({}, values, _KNOWN),
        )

        def add(document: Document, directory: Directory) -> None:
            if role.domain_id is not None and role.domain_id not in directory.domains:
                raise NotFound(f"Could not find domain: {role.domain_id}.")
            _check_name(role, directory)
            add_entry(document, directory, "roles", role)

        await asyncio.to_thread(self._file.change, add)
        return role

    async def update(self, role_id: str, values: Mapping[str, Any]) -> Role:
        """Replace the attributes of a role that are in `values`; return the changed role.

        On return, the change is on disk.

        Raises NotFound if the role does not exist. Raises BadRequest if `values` have another id or
        domain. Raises Conflict if another role of the same domain has the new name, ignoring case.
        A role of no domain is compared with the other roles of no domain. Raises
        IdentityFileUnavailable if the identity file is invalid or cannot be written, and
        ChangeNotSynced if a crash may undo the change. Raises Forbidden in these cases:

        - The role is a standard role.
        - The role is immutable, unless `values` have only ``options``, with ``immutable`` false or
          null.
        - The role has no entry in the identity file yet, and there are too many entries of roles.
        - The identity file would be too large.
        """
        results: list[Role] = []

        def write(document: Document, directory: Directory) -> None:
            old = find_role(role_id, directory)
            _check_update(old, values)
            changed = replace(
                old,
                name=values.get("name", old.name),
                description=values.get("description", old.description),
                options=merge_options(old.options, values.get("options", {})),
                extra=merge_extra(old.extra, values, _KNOWN),
            )
            _check_name(changed, directory)
            results.append(replace_entry(document, directory, "roles", old, changed))

        await asyncio.to_thread(self._file.change, write)
        return results[0]

    async def delete(self, role_id: str) -> None:
        """Delete a role, and everything in the identity file that refers to the role.

        Role assignments, implications, and application credentials that have the role are deleted,
        too. A token becomes invalid if it has no other role, or if its application credential is
        deleted. On return, the change is on disk.

        Raises NotFound if the role does not exist, and Forbidden if the role is immutable. The
        standard roles are immutable. Raises IdentityFileUnavailable if the identity file is invalid
        or cannot be written, and ChangeNotSynced if a crash may undo the change.
        """

        def remove(document: Document, directory: Directory) -> None:
            check_mutable("role", find_role(role_id, directory))
            remove_roles(document, directory, {role_id})

        await asyncio.to_thread(self._file.change, remove)

    async def imply(self, prior_id: str, implied_id: str) -> None:
        """Make the role `prior_id` imply the role `implied_id`.

        Users with the prior role then have the implied role, too. On return, the change is on disk.
        A role may imply itself, also indirectly.

        Raises NotFound if a role does not exist, and Conflict if the implication exists already.
        Raises Forbidden if the implied role is admin, or if the implied role is of a domain and the
        prior role is not. Raises Forbidden, too, if there are too many implications, or if the
        identity file would be too large. Raises IdentityFileUnavailable if the identity file is
        invalid or cannot be written, and ChangeNotSynced if a crash may undo the change.
        """

        def add(document: Document, directory: Directory) -> None:
            prior, implied = find_role(prior_id, directory), find_role(implied_id, directory)
            if implied.id == role_id_of("admin"):
                raise Forbidden(f"{implied_id} cannot be an implied roles.")
            if prior.domain_id is None and implied.domain_id is not None:
                raise Forbidden("Global role cannot imply a domain-specific role.")
            if implied_id in directory.implied_roles.get(prior_id, ()):
                raise Conflict(f"{prior_id} implies {implied_id} already.")
            pairs = section_of(document, "implied_roles")
            if len(pairs) >= limits.MAX_IMPLICATIONS:
                raise Forbidden(f"There are {len(pairs)} implied roles, and there can be no more.")
            references = role_reference(prior), role_reference(implied)
            pairs.append(dict(zip(("prior_role", "implied_role"), references, strict=True)))
            check_size(document)

        await asyncio.to_thread(self._file.change, add)

    async def stop_implying(self, prior_id: str, implied_id: str) -> None:
        """Remove the implication from the role `prior_id` to the role `implied_id`.

        On return, the change is on disk. Raises NotFound if a role does not exist, or if the role
        `prior_id` does not imply the role `implied_id` directly. Raises Forbidden for an
        implication of the standard roles (`STANDARD_IMPLICATIONS`). Raises IdentityFileUnavailable
        if the identity file is invalid or cannot be written, and ChangeNotSynced if a crash may
        undo the change.
        """

        def remove(document: Document, directory: Directory) -> None:
            check_implied(prior_id, implied_id, directory)
            if implied_id in STANDARD_IMPLICATIONS.get(prior_id, ()):
                raise Forbidden("What the standard roles imply cannot be changed.")
            remove_implications(document, directory, lambda *pair: pair == (prior_id, implied_id))

        await asyncio.to_thread(self._file.change, remove)


def find_role(role_id: str, directory: Directory) -> Role:
    """Return the role with the id `role_id`. Raises NotFound if there is no such role."""
    role = directory.roles.get(role_id)
    if role is None:
        raise NotFound(f"Could not find role: {role_id}.")
    return role


def check_implied(prior_id: str, implied_id: str, directory: Directory) -> None:
    """Raise NotFound if the role `prior_id` does not imply the role `implied_id` directly.

    Raises NotFound, too, if one of the roles does not exist.
    """
    find_role(prior_id, directory)
    find_role(implied_id, directory)
    if implied_id not in directory.implied_roles.get(prior_id, ()):
        raise NotFound(f"{prior_id} does not imply {implied_id}.")


def _check_update(old: Role, values: Mapping[str, Any]) -> None:
    """Check that `values` may change the role `old`; do not check the new name.

    Raises BadRequest if `values` have another id or domain. Raises Forbidden if the role is a
    standard role. Raises Forbidden, too, if the role is immutable, unless `values` have only
    ``options``, with ``immutable`` false or null.
    """
    check_same_id(old.id, values)
    if old.id in _STANDARD_IDS:
        raise Forbidden(f"The role {old.name} is one of the standard roles: it cannot be changed.")
    check_updatable("role", old, values)
    if values.get("domain_id", old.domain_id) != old.domain_id:
        raise BadRequest("Update of `domain_id` is not allowed.")


def _check_name(role: Role, directory: Directory) -> None:
    """Raise Conflict if another role of the same domain has the name of `role`, ignoring case.

    If `role` belongs to no domain, other roles that belong to no domain are compared.
    """
    for other in directory.roles.values():
        is_in_domain = other.id != role.id and other.domain_id == role.domain_id
        if is_in_domain and other.name.lower() == role.name.lower():
            raise Conflict(f"There is a role {other.name} already.")
