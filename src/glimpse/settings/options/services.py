"""Options of the services that Glimpse calls: Glance, Keystone, and the lock service."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from oslo_config import cfg

from glimpse.settings.options.bounds import Seconds

GLANCE: Sequence[cfg.Opt] = (
    cfg.ListOpt(
        "api_servers", default=[], help="URLs of Glance. Without it: the URL in Keystone's catalog."
    ),
    cfg.StrOpt("service_type", default="image", help="Type of the Image service in the catalog."),
    cfg.ListOpt(
        "valid_interfaces",
        default=["internal", "public"],
        help="Interfaces to look for in the catalog, in order of preference.",
    ),
    cfg.StrOpt("region_name", help="Region to look for in the catalog."),
    cfg.StrOpt("endpoint_override", help="URL of Glance, in place of the catalog's."),
    cfg.IntOpt("num_retries", default=3, min=0, help="Retries of a call that failed."),
    cfg.Opt(
        "connect_timeout",
        type=Seconds(),
        default=3.0,
        help="Seconds to connect to Glance in.",
    ),
    cfg.Opt(
        "first_byte_timeout",
        type=Seconds(),
        default=30.0,
        help="Seconds to wait for a response to begin, and for each next part of it.",
    ),
    cfg.Opt(
        "timeout",
        type=Seconds(),
        default=60.0,
        help="Seconds that a call may take with all its retries, and that a change may wait for "
        "the lock of its image.",
    ),
    cfg.StrOpt("cafile", help="PEM file of the authorities that sign Glance's certificate."),
    cfg.StrOpt("certfile", help="PEM file of the client certificate."),
    cfg.StrOpt("keyfile", help="PEM file of the client certificate's key."),
    cfg.BoolOpt(
        "insecure",
        default=False,
        deprecated_name="api_insecure",
        help="Accept any certificate of Glance.",
    ),
)


@dataclass(frozen=True, slots=True)
class Glance:
    """[glance]: how Glance is found and called; times in seconds."""

    api_servers: tuple[str, ...]
    service_type: str
    valid_interfaces: tuple[str, ...]
    region_name: str | None
    endpoint_override: str | None
    num_retries: int
    connect_timeout: float
    first_byte_timeout: float
    timeout: float
    cafile: str | None
    certfile: str | None
    keyfile: str | None
    insecure: bool


KEYSTONE_AUTHTOKEN: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "www_authenticate_uri",
        deprecated_name="auth_uri",
        help="Identity URL that a 401 names to clients.",
    ),
    cfg.IntOpt(
        "token_cache_time",
        default=300,
        help="Seconds that a validated token is cached; -1 for no cache.",
    ),
    cfg.ListOpt(
        "memcached_servers",
        default=[],
        deprecated_name="memcache_servers",
        help="host:port of memcached servers that share validated tokens, with "
        "memcache_security_strategy. Needs the extra openstack-glimpse[memcached].",
    ),
    cfg.StrOpt(
        "memcache_security_strategy",
        default="None",
        choices=["None", "MAC", "ENCRYPT"],
        ignore_case=True,
        help="How shared entries are protected: MAC signs them, ENCRYPT encrypts them as well. "
        "With None, nothing is shared.",
    ),
    cfg.StrOpt(
        "memcache_secret_key",
        secret=True,
        help="Secret for memcache_security_strategy; the same for all processes that share tokens.",
    ),
    cfg.Opt(
        "memcache_pool_socket_timeout",
        type=Seconds(),
        default=1.0,
        help="Seconds that a call to memcached may take.",
    ),
    cfg.Opt(
        "memcache_pool_dead_retry",
        type=Seconds(0.0),
        default=30.0,
        help="Seconds until a memcached server that failed is tried again.",
    ),
    cfg.StrOpt("interface", default="internal", help="Interface of Keystone in the catalog."),
    cfg.StrOpt("region_name", help="Region of Keystone in the catalog."),
    cfg.IntOpt(
        "http_connect_timeout",
        default=10,
        min=1,
        help="Seconds that a login to Keystone, or the validation of a token there, may take with "
        "all its retries.",
    ),
    cfg.IntOpt(
        "http_request_max_retries",
        default=3,
        min=0,
        help="Retries while Keystone cannot be reached or responds 5xx.",
    ),
    cfg.StrOpt(
        "service_type",
        default="compute",
        help="Name of the Compute service in access rules of application credentials.",
    ),
    cfg.ListOpt(
        "service_token_roles",
        default=["service"],
        help="Roles of which a service token needs one.",
    ),
    cfg.BoolOpt(
        "service_token_roles_required",
        default=True,
        help="Accept only service tokens with one of these roles.",
    ),
    cfg.StrOpt("cafile", help="PEM file of the authorities that sign Keystone's certificate."),
    cfg.StrOpt("certfile", help="PEM file of the client certificate."),
    cfg.StrOpt("keyfile", help="PEM file of the client certificate's key."),
    cfg.BoolOpt("insecure", default=False, help="Accept any certificate of Keystone."),
)


@dataclass(frozen=True, slots=True)
class KeystoneAuthtoken:
    """[keystone_authtoken]: how tokens are validated; times in seconds.

    The credentials to log in with are not here: they are read from ``Settings.oslo_config``.
    """

    www_authenticate_uri: str | None
    token_cache_time: int
    memcached_servers: tuple[str, ...]
    memcache_security_strategy: str
    memcache_secret_key: str | None = field(repr=False)
    memcache_pool_socket_timeout: float
    memcache_pool_dead_retry: float
    interface: str
    region_name: str | None
    http_connect_timeout: int
    http_request_max_retries: int
    service_type: str
    service_token_roles: tuple[str, ...]
    service_token_roles_required: bool
    cafile: str | None
    certfile: str | None
    keyfile: str | None
    insecure: bool


SERVICE_USER: Sequence[cfg.Opt] = (
    cfg.BoolOpt(
        "send_service_user_token",
        default=False,
        help="Send Glance a token of this section's user in addition to the caller's. Needs "
        "auth_type and the options of its plugin, as in [keystone_authtoken].",
    ),
)


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """[service_user]: whose token Glance gets in addition to the caller's.

    Its credentials are not here: they are read from ``Settings.oslo_config``.
    """

    send_service_user_token: bool


COORDINATION: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "backend_url",
        help="URL of the lock service for writers of one image, as tooz has it: redis://, "
        "memcached://, etcd3+http://, mysql:// or postgresql:// for several machines. "
        "Without it: lock files in the state directory, for the workers of one machine.",
    ),
)


@dataclass(frozen=True, slots=True)
class Coordination:
    """[coordination]: the lock service; lock files in the state directory if it is None."""

    backend_url: str | None
