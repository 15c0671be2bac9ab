"""Roles: creates, updates and deletes the roles in the identity file, and what they imply."""

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
    check_deletable,
    check_same_id,
    check_updatable,
    merge_extra,
    merge_options,
    replace_entry,
)
from glimpse.identity.embedded.identity_entry_rendering import role_reference
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.identity_removals import remove_implications, remove_roles
from glimpse.identity.embedded.reference_edits import refer_to_role_by_id
from glimpse.identity.embedded.standard_roles import (
    STANDARD_IMPLICATIONS,
    STANDARD_ROLES,
    role_id_of,
)

_STANDARD_IDS = frozenset(role.id for role in STANDARD_ROLES)
_KNOWN = frozenset(("id", "name", "description", "domain_id", "options", "links", "extra"))


class Roles:
    """Creates, updates and deletes roles and implications. Each change is on disk on return.

    The values are those of a request, and are valid by `schemas.ROLE`. Whether the caller may do it
    is not checked. All methods raise IdentityUnavailable if the identity file is invalid or cannot
    be written; `create` and `update` raise Forbidden if it would be too large.
    """

    def __init__(self, identity_file: IdentityFile) -> None:
        self._file = identity_file

    async def create(self, values: Mapping[str, Any]) -> Role:
        """Create a role, and return it.

        Raises NotFound for an unknown domain, Conflict if the domain has a role of that name (for a
        role of no domain: if another role of no domain has it), and Forbidden if there are too many
        roles.
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
        """Change the attributes of a role that `values` have; return the changed role.

        Raises NotFound if the role does not exist, Forbidden if it is immutable or a standard role,
        BadRequest for another id or domain, and Conflict if another role has the new name.
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
            if changed.name != old.name and old.domain_id is None:
                refer_to_role_by_id(document, old)
            results.append(replace_entry(document, directory, "roles", old, changed))

        await asyncio.to_thread(self._file.change, write)
        return results[0]

    async def delete(self, role_id: str) -> None:
        """Delete a role with its assignments, and the application credentials that have it.

        Tokens whose only role it was end. Raises NotFound if the role does not exist, and
        Forbidden if it is immutable, as the standard roles are.
        """

        def remove(document: Document, directory: Directory) -> None:
            check_deletable("role", find_role(role_id, directory))
            remove_roles(document, directory, {role_id})

        await asyncio.to_thread(self._file.change, remove)

    async def imply(self, prior_id: str, implied_id: str) -> None:
        """Let a role imply another one.

        Raises NotFound if a role does not exist, and Conflict if the prior role implies the other
        already. Raises Forbidden if the implied role is admin, if it is of a domain and the prior
        role is of none, or if there are too many implications.
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

        await asyncio.to_thread(self._file.change, add)

    async def stop_implying(self, prior_id: str, implied_id: str) -> None:
        """Let a role no longer imply another one.

        Raises NotFound if a role does not exist, or if the prior role does not imply the other
        directly. Raises Forbidden for what the standard roles imply (`STANDARD_IMPLICATIONS`).
        """

        def remove(document: Document, directory: Directory) -> None:
            check_implied(prior_id, implied_id, directory)
            if implied_id in STANDARD_IMPLICATIONS.get(prior_id, ()):
                raise Forbidden("What the standard roles imply cannot be changed.")
            remove_implications(document, directory, lambda *pair: pair == (prior_id, implied_id))

        await asyncio.to_thread(self._file.change, remove)


def find_role(role_id: str, directory: Directory) -> Role:
    """Return the role with an id; raise NotFound if there is none."""
    role = directory.roles.get(role_id)
    if role is None:
        raise NotFound(f"Could not find role: {role_id}.")
    return role


def check_implied(prior_id: str, implied_id: str, directory: Directory) -> None:
    """Raise NotFound unless both roles exist, and the first implies the second directly."""
    find_role(prior_id, directory)
    find_role(implied_id, directory)
    if implied_id not in directory.implied_roles.get(prior_id, ()):
        raise NotFound(f"{prior_id} does not imply {implied_id}.")


def _check_update(old: Role, values: Mapping[str, Any]) -> None:
    """Raise the errors of `Roles.update` for the role `old`, but for a name in use."""
    check_same_id(old.id, values)
    if old.id in _STANDARD_IDS:
        raise Forbidden(f"The role {old.name} is one of the standard roles: it cannot be changed.")
    check_updatable("role", old, values)
    if values.get("domain_id", old.domain_id) != old.domain_id:
        raise BadRequest("Update of `domain_id` is not allowed.")


def _check_name(role: Role, directory: Directory) -> None:
    """Raise Conflict if another role of the same domain has the same name, whatever its case."""
    for other in directory.roles.values():
        is_in_domain = other.id != role.id and other.domain_id == role.domain_id
        if is_in_domain and other.name.lower() == role.name.lower():
            raise Conflict(f"There is a role {other.name} already.")
