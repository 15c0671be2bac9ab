"""Options of [glance_database]: images are read from Glance's own database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from oslo_config import cfg

from glimpse.settings.options.bounds import Seconds

Fallback = Literal["glance", "refuse"]

GLANCE_DATABASE: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "connection",
        secret=True,
        help="URL of Glance's database, as in glance-api.conf, with a user that may only read: "
        "mysql+pymysql://USER:PASSWORD@HOST/glance. Several hosts are separated by commas, and "
        "tried in order. Without it: images are read from Glance's API. Needs the extra "
        "glimpse[glance-database].",
    ),
    cfg.StrOpt(
        "fallback",
        default="glance",
        choices=["glance", "refuse"],
        help="What serves reads while the database cannot be used: Glance's API, or nothing (503).",
    ),
    cfg.IntOpt(
        "pool_size", default=10, min=1, help="Most connections of a worker process to the database."
    ),
    cfg.Opt(
        "connect_timeout",
        type=Seconds(),
        default=2.0,
        help="Seconds to connect to one host of the database in.",
    ),
    cfg.Opt(
        "timeout",
        type=Seconds(),
        default=5.0,
        help="Seconds that a query may take, waiting for a connection included.",
    ),
)


@dataclass(frozen=True, slots=True)
class GlanceDatabase:
    """How Glance's database is read; times in seconds. `connection` None: it is not read."""

    connection: str | None = field(repr=False)
    fallback: Fallback
    pool_size: int
    connect_timeout: float
    timeout: float
