"""GlanceTables: the tables of Glance's database that Glimpse reads, and rows for tests.

They have the columns, types and indexes that ``glance-manage db_sync`` of Glance 33.0.0 makes.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

import asyncmy
import asyncpg

from glimpse.glance_database.database_url import Dialect
from glimpse.glance_database.postgresql import number_placeholders

PASSWORD = "p@ss:w/rd"
REVISION = "2024_1_contract01"
_MOMENT = datetime.fromisoformat("2024-02-01 10:20:30")
_TYPES: Mapping[Dialect, Mapping[str, str]] = {
    "mysql": {
        "date": "datetime",
        "flag": "tinyint(1)",
        "number": "int auto_increment",
        "visibility": "enum('private', 'public', 'shared', 'community')",
        "end": "engine=InnoDB default charset=utf8mb3 collate=utf8mb3_general_ci",
    },
    "postgresql": {
        "date": "timestamp",
        "flag": "boolean",
        "number": "serial",
        "visibility": "image_visibility",
        "end": "",
    },
}
_DATES = "created_at {date} not null, updated_at {date}, deleted_at {date}, deleted {flag} not null"
_PART = "id {number} primary key, image_id varchar(36) not null references images (id)"
_TABLES = (
    f"""create table images (id varchar(36) primary key, name varchar(255), size bigint,
    status varchar(30) not null, {_DATES}, disk_format varchar(20), container_format varchar(20),
    checksum varchar(32), owner varchar(255), min_disk int not null, min_ram int not null,
    protected {{flag}} not null, virtual_size bigint, visibility {{visibility}} not null,
    os_hidden {{flag}} not null, os_hash_algo varchar(64), os_hash_value varchar(128)) {{end}}""",
    f"""create table image_properties ({_PART}, name varchar(255) not null, value text, {_DATES},
    unique (image_id, name)) {{end}}""",
    f"""create table image_members ({_PART}, member varchar(255) not null,
    can_share {{flag}} not null, {_DATES}, status varchar(20) not null,
    unique (image_id, member, deleted_at)) {{end}}""",
    f"create table image_tags ({_PART}, value varchar(255) not null, {_DATES}) {{end}}",
    "create table alembic_version (version_num varchar(32) primary key) {end}",
    "create index created_at_image_idx on images (created_at)",
    "create index owner_image_idx on images (owner)",
    "create index visibility_image_idx on images (visibility)",
    "create index ix_image_properties_image_id on image_properties (image_id)",
    "create index ix_image_members_image_id_member on image_members (image_id, member)",
    "create index ix_image_tags_image_id on image_tags (image_id)",
)
_PARTS = ("image_properties", "image_members", "image_tags")
_IMAGE: Mapping[str, Any] = {
    "status": "active",
    "visibility": "shared",
    "owner": "demo",
    "min_disk": 0,
    "min_ram": 0,
    "protected": False,
    "os_hidden": False,
    "deleted": False,
}


async def _connect_to_mysql(port: int) -> Any:
    return await asyncmy.connect(
        host="127.0.0.1", port=port, user="root", autocommit=True, charset="utf8mb4"
    )


class GlanceTables:
    """A database with Glance's tables. `url` is that of a user that may only read them."""

    def __init__(self, dialect: Dialect, port: int, administrator: Any) -> None:
        self.dialect = dialect
        self.port = port
        self._administrator = administrator
        self._images = 0

    @property
    def url(self) -> str:
        """The URL, with the password quoted as in glance-api.conf."""
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """Return the URL of the same database in another server, which has the same users."""
        driver = {"mysql": "mysql+pymysql", "postgresql": "postgresql+psycopg2"}[self.dialect]
        return f"{driver}://reader:p%40ss%3Aw%2Frd@127.0.0.1:{port}/glance"

    @classmethod
    async def create(cls, dialect: Dialect, port: int) -> Self:
        """Create the database in an empty server at `port`, whose administrator has no password."""
        if dialect == "mysql":
            tables = cls(dialect, port, await _connect_to_mysql(port))
            await tables.execute("create database glance character set utf8mb3")
            await tables.execute("use glance")
        else:
            first = await asyncpg.connect(host="127.0.0.1", port=port, user="postgres")
            await first.execute("create database glance")
            await first.close()
            connected = await asyncpg.connect(
                host="127.0.0.1", port=port, user="postgres", database="glance"
            )
            tables = cls(dialect, port, connected)
            await tables.execute(
                "create type image_visibility as enum ('private', 'public', 'shared', 'community')"
            )
        for statement in _TABLES:
            await tables.execute(statement.format(**_TYPES[dialect]))
        await tables.execute("insert into alembic_version values (%s)", REVISION)
        await tables._create_reader()
        return tables

    async def _create_reader(self) -> None:
        if self.dialect == "mysql":
            await self.execute(f"create user reader identified by '{PASSWORD}'")
        else:
            await self.execute(f"create role reader login password '{PASSWORD}'")
        for table in (*_PARTS, "images", "alembic_version"):
            await self.execute(f"grant select on {table} to reader")

    async def execute(self, sql: str, *values: object) -> None:
        """Run a statement as the administrator; its placeholders are ``%s``."""
        if self.dialect == "postgresql":
            await self._administrator.execute(number_placeholders(sql), *values)
            return
        async with self._administrator.cursor() as cursor:
            await cursor.execute(sql, values or None)

    async def put_image(
        self,
        *,
        properties: Mapping[str, str | None] | None = None,
        tags: Sequence[str] = (),
        members: Mapping[str, str] | None = None,
        **columns: Any,
    ) -> str:
        """Insert an image, newer than those before it, and return its id.

        `members` has the member statuses by project. A column that is not named has a default.
        """
        self._images += 1
        moment = _MOMENT + timedelta(seconds=self._images)
        dates = {"created_at": moment, "updated_at": moment}
        row = {"id": str(uuid.uuid4()), **_IMAGE, **dates, **columns}
        await self._insert("images", row)
        part = {"image_id": row["id"], "deleted": False, **dates}
        for name, value in (properties or {}).items():
            await self._insert("image_properties", {**part, "name": name, "value": value})
        for tag in tags:
            await self._insert("image_tags", {**part, "value": tag})
        for member, status in (members or {}).items():
            values = {"member": member, "status": status, "can_share": False}
            await self._insert("image_members", {**part, **values})
        return str(row["id"])

    async def set_property(self, image_id: str, name: str, value: str) -> None:
        """Add a property to an image, or replace its value, as Glance's PATCH does."""
        where = "where image_id = %s and name = %s"
        await self.execute(f"delete from image_properties {where}", image_id, name)
        dates = {"created_at": _MOMENT, "updated_at": _MOMENT, "deleted": False}
        row = {"image_id": image_id, "name": name, "value": value, **dates}
        await self._insert("image_properties", row)

    async def _insert(self, table: str, row: Mapping[str, Any]) -> None:
        marks = ", ".join(["%s"] * len(row))
        await self.execute(
            f"insert into {table} ({', '.join(row)}) values ({marks})", *row.values()
        )

    async def drop(self) -> None:
        """Drop the database and its reader, also if the server was restarted in the meantime."""
        if self.dialect == "mysql":
            self._administrator.close()
            self._administrator = await _connect_to_mysql(self.port)
            await self.execute("drop database glance")
            await self.execute("drop user reader")
            await self._administrator.ensure_closed()
            return
        self._administrator.terminate()
        last = await asyncpg.connect(host="127.0.0.1", port=self.port, user="postgres")
        await last.execute("drop database glance with (force)")
        await last.execute("drop role reader")
        await last.close()
