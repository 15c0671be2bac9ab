"""RoleReferences: finds the roles that entries of the identity file name by id or name."""

from collections.abc import Iterable

from glimpse.identity.embedded.directory_entries import Role
from glimpse.identity.embedded.private_files import InvalidStateFile
from glimpse.identity.embedded.standard_roles import STANDARD_ROLES, role_id_of

_ID_CHARACTERS = 32  # of the ids that Glimpse makes, which are hexadecimal
_HEXADECIMAL = frozenset("0123456789abcdef")


class RoleReferences:
    """The roles in an identity file, also the standard roles and roles without an entry.

    ``roles`` maps ids to roles. If a reference has a name that no role has, `get_or_add_id` and
    `get_or_add_ids` add a role of that name, which has no entry. A role that belongs to a domain is
    found by id only.
    """

    def __init__(self, roles: Iterable[Role], invalid_entries: dict[str, str]) -> None:
        """Start with `roles`, which have entries in the file, and the standard roles.

        `get_or_add_ids` adds unknown ids and a reason to `invalid_entries`.
        """
        self.roles = {role.id: role for role in (*roles, *STANDARD_ROLES)}
        self._by_name = {
            role.name: role.id for role in self.roles.values() if role.domain_id is None
        }
        self._invalid_entries = invalid_entries

    def find(self, reference: str) -> str | None:
        """Return the id of the role that has the id or the name `reference`, or None.

        An id has priority over a name. A role that belongs to a domain is found by id only.
        """
        return reference if reference in self.roles else self._by_name.get(reference)

    def get_or_add_id(self, reference: str) -> str:
        """Return the id of the role that has the id or the name `reference`.

        A role that belongs to a domain is found by id only. If no role is found, adds a role with
        the name `reference` and the id `role_id_of(reference)`, and returns that id. But if a role
        that was renamed still has that id, returns the id without adding a role.

        Raises InvalidStateFile if no role is found and `reference` looks like an id (32 hexadecimal
        digits in lower case): the role with that id was removed.
        """
        known = self.find(reference)
        if known is not None:
            return known
        if len(reference) == _ID_CHARACTERS and set(reference) <= _HEXADECIMAL:
            raise InvalidStateFile(f"no role has the id {reference}")
        # A role with an entry may have this id, but another name now.
        new_id = role_id_of(reference)
        self.roles.setdefault(new_id, Role(new_id, reference))
        self._by_name[reference] = new_id
        return new_id

    def get_or_add_ids(self, references: Iterable[str], path: str) -> tuple[str, ...]:
        """Return the ids of the roles that `references` name by id or name, in their order.

        The result has no duplicates. Unknown ids are left out, and added to the invalid entries
        under a key that begins with `path`. An unknown name adds a role of that name (see
        `get_or_add_id`).
        """
        found: dict[str, None] = {}
        for reference in references:
            try:
                found[self.get_or_add_id(reference)] = None
            except InvalidStateFile as error:
                self._invalid_entries[f"{path}: {reference}"] = str(error)
        return tuple(found)
