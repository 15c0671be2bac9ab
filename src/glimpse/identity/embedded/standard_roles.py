"""The roles that always exist, their ids, and which of them imply others."""

import uuid

from glimpse.identity.embedded.directory_entries import Role


def role_id_of(name: str) -> str:
    """Return the id that a role without an entry gets: a hash of `name`, the same everywhere.

    The standard roles, and roles that are named without an entry in the identity file, have such
    ids. Roles that were created by a request have random ids.
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
