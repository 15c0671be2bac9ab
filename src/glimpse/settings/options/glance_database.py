"""Options of [glance_database]: how images are read from Glance's own database."""

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
        "openstack-glimpse[glance-database].",
    ),
    cfg.StrOpt(
        "replica_connection",
        secret=True,
        help="URL of a replica of that database, in the same form, which reads go to while it is "
        "current. Several hosts are several replicas. Without it: connection is read.",
    ),
    cfg.Opt(
        "max_replica_lag",
        type=Seconds(),
        default=2.0,
        help="Seconds that what a replica shows may be old. As long after this gateway wrote an "
        "image, reads of that image and lists go to connection.",
    ),
    cfg.StrOpt(
        "fallback",
        default="glance",
        choices=["glance", "refuse"],
        help="What serves reads while the database cannot be used: Glance's API, or nothing (503).",
    ),
    cfg.StrOpt(
        "policy_file",
        help="Glance's own policy file, or a copy of it, if it has rules for get_images, get_image "
        "or context_is_admin. Without it: Glance's default policy.",
    ),
    cfg.MultiStrOpt("policy_dirs", default=[], help="Directories with more such files."),
    cfg.StrOpt(
        "property_protection_file",
        deprecated_group="DEFAULT",
        deprecated_name="property_protection_file",
        help="Glance's option of this name. Property protections cannot be reproduced, so Glimpse "
        "does not start with both this option and connection.",
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
    """[glance_database]: how Glance's database and its replicas are read.

    Times are in seconds.

    - ``connection``: the URL of the database; None if images are read from Glance's API.
    - ``replica_connection``: the URL of one or more replicas, or None.
    - ``max_replica_lag``: a replica is read only while its content is at most this old.
    - ``fallback``: what happens to reads while the database cannot be used. ``glance`` reads
      Glance's API instead, ``refuse`` responds 503.
    - ``policy_file`` and ``policy_dirs``: Glance's own policy. If ``policy_file`` is None and
      ``policy_dirs`` is empty, Glance's default policy applies.
    - ``property_protection_file``: Glance's option. Glimpse does not start with both this option
      and ``connection``.
    - ``pool_size``: the most connections of a worker process.
    - ``connect_timeout``: the longest time to connect to one host.
    - ``timeout``: the longest time of a query, including the wait for a connection.
    """

    connection: str | None = field(repr=False)
    replica_connection: str | None = field(repr=False)
    max_replica_lag: float
    fallback: Fallback
    policy_file: str | None
    policy_dirs: tuple[str, ...]
    property_protection_file: str | None
    pool_size: int
    connect_timeout: float
    timeout: float

    @property
    def is_configured(self) -> bool:
        """True if ``connection`` or ``replica_connection`` is set.

        A ``replica_connection`` alone gives True, too, although the configuration is incomplete.
        """
        return self.connection is not None or self.replica_connection is not None
