"""Which roles a user has in effect: the assigned roles, and those that they imply."""

from collections.abc import Iterable, Mapping

from glimpse.identity.embedded.directory_entries import Role


def effective_roles(
    assigned: Iterable[str], roles: Mapping[str, Role], implied_roles: Mapping[str, Iterable[str]]
) -> list[Role]:
    """Return the roles with the ids `assigned`, then all roles that these roles imply.

    Roles that are implied indirectly are in the result, too. Each role is in the result once.
    `roles` has every role by its id. `implied_roles` maps the id of a role to the ids of the roles
    that this role implies directly.

    A role that belongs to a domain is left out of the result, because such a role only implies
    other roles. Ids that `roles` does not have are ignored.
    """
    found: dict[str, Role] = {}
    remaining = list(assigned)
    while remaining:
        role = roles.get(remaining.pop(0))
        if role is not None and role.id not in found:
            found[role.id] = role
            remaining += implied_roles.get(role.id, ())
    return [role for role in found.values() if role.domain_id is None]
