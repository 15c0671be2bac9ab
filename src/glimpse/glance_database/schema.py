"""check_schema: checks that Glance's tables have a revision that Glimpse knows."""

from glimpse.glance_database.connection import Connection, Statement
from glimpse.glance_database.errors import UnknownSchema

# Of Glance 2023.1 to 33.0.0 (2026.2), which has had no newer migration. In the middle of an
# upgrade, the table has two of them.
KNOWN_REVISIONS = frozenset(
    ("2023_1_expand01", "2023_1_contract01", "2024_1_expand01", "2024_1_contract01")
)
_SELECT_REVISIONS = Statement("SELECT version_num FROM alembic_version")


async def check_schema(connection: Connection) -> None:
    """Check that the database has revisions, and only ones in KNOWN_REVISIONS.

    Raises UnknownSchema otherwise, and the errors of `Connection.fetch`.
    """
    revisions = sorted(str(row[0]) for row in await connection.fetch(_SELECT_REVISIONS))
    unknown = [revision for revision in revisions if revision not in KNOWN_REVISIONS]
    if unknown or not revisions:
        shown = ", ".join(unknown) or "none"
        raise UnknownSchema(f"its schema has the revision {shown}, which Glimpse does not know")
