"""check_schema: checks that Glance's tables have a revision that Glimpse knows."""

from glimpse.glance_database.connection import Connection, Statement
from glimpse.glance_database.errors import UnknownSchema

# The schema revisions of Glance 2023.1 to 33.0.0 (2026.2). In the middle of an upgrade, the table
# has two revisions.
KNOWN_REVISIONS = frozenset(
    ("2023_1_expand01", "2023_1_contract01", "2024_1_expand01", "2024_1_contract01")
)
_SELECT_REVISIONS = Statement("SELECT version_num FROM alembic_version")


async def check_schema(connection: Connection) -> None:
    """Check that Glimpse knows all schema revisions that the database names.

    Raises UnknownSchema if a revision is not in KNOWN_REVISIONS, or if there is no revision. Raises
    QueryFailed if the table of revisions is missing or cannot be read, and another error of
    `Connection.fetch` if the database fails.
    """
    revisions = sorted(str(row[0]) for row in await connection.fetch(_SELECT_REVISIONS))
    unknown = [revision for revision in revisions if revision not in KNOWN_REVISIONS]
    if unknown or not revisions:
        shown = ", ".join(unknown) or "none"
        raise UnknownSchema(f"its schema has the revision {shown}, which Glimpse does not know")
