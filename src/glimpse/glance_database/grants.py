"""user_may_write: checks whether the user of [glance_database] may do more than read."""

import re

from glimpse.glance_database.connection import Statement
from glimpse.glance_database.database import GlanceDatabase

# The privileges to change tables, as SHOW GRANTS prints them.
_WRITES = re.compile(r"\b(ALL PRIVILEGES|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|TRUNCATE|SUPER)\b")
_SHOW_GRANTS = Statement("SHOW GRANTS")
_HAS_PRIVILEGES = Statement(
    "SELECT has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE') FROM pg_class"
    " WHERE relname IN ('images', 'image_properties', 'image_members', 'image_tags')"
)


async def user_may_write(database: GlanceDatabase) -> bool:
    """Return True if the user of `database` has a privilege to change tables.

    In PostgreSQL, only privileges on the tables of images, their properties, members and tags
    count. In MySQL and MariaDB, a privilege on any table, to create or drop anything, such as
    users, or on the server (SUPER) counts. Privileges of a role count only if the role is active by
    default. Raises DatabaseError if the privileges cannot be read.
    """
    if database.dialect == "postgresql":
        return any(row[0] for row in await database.fetch(_HAS_PRIVILEGES))
    grants = await database.fetch(_SHOW_GRANTS)
    privileges = (str(row[0]).partition(" ON ")[0] for row in grants)
    return any(_WRITES.search(text) for text in privileges)
