"""The roles that always exist, their ids, and the other roles that each of them implies."""

import uuid

from glimpse.identity.embedded.directory_entries import Role


def role_id_of(name: str) -> str:
    """Return the id of a role without an entry: a hash of `name`, the same everywhere.

    The standard roles, and roles that users have without an entry in ``roles`` of the identity
    file, have such ids. Roles that a request created have random ids.
    """
    return uuid.uuid5(uuid.NAMESPACE_URL, f"glimpse:role:{name}").hex


# The names, and the implications below, are those that Keystone's bootstrap sets up.
ROLE_NAMES = ("admin", "manager", "member", "reader", "service")
STANDARD_ROLES = tuple(
    Role(role_id_of(name), name, options={"immutable": True}) for name in ROLE_NAMES
)
STANDARD_IMPLICATIONS = {
    role_id_of("admin"): (role_id_of("manager"),),
    role_id_of("manager"): (role_id_of("member"),),
    role_id_of("member"): (role_id_of("reader"),),
}
