"""The roles that always exist, their ids, and the other roles that each of them implies."""

import uuid

from glimpse.identity.embedded.directory_entries import Role


def role_id_of(name: str) -> str:
    """Return the id that the role `name` has if the identity file has no entry for it.

    The id is a hash of `name`, so every cloud has the same id. Roles without an entry are the
    standard roles, and roles that only users, application credentials or implications name. Roles
    that a request created have an entry, and a random id.
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
