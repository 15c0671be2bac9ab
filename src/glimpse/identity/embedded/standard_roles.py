"""The roles that always exist, with the ids and implications that they have everywhere."""

import uuid

from glimpse.identity.embedded.directory_entries import Role


def role_id(name: str) -> str:
    """Return the id of the role `name`: a hash of the name, the same in every deployment.

    Only the standard roles, and roles that no list in the identity file describes, have such an id.
    """
    return uuid.uuid5(uuid.NAMESPACE_URL, f"glimpse:role:{name}").hex


# The names, and the implications below, are those that Keystone's bootstrap sets up.
ROLE_NAMES = ("admin", "manager", "member", "reader", "service")
STANDARD_ROLES = tuple(
    Role(role_id(name), name, options={"immutable": True}) for name in ROLE_NAMES
)
STANDARD_IMPLICATIONS = {
    role_id("admin"): (role_id("manager"),),
    role_id("manager"): (role_id("member"),),
    role_id("member"): (role_id("reader"),),
}
