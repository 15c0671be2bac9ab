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
    """[glance]: how Glance is found and called. Times are in seconds.

    - ``api_servers``: the URLs of Glance. If empty, the URL in Keystone's catalog is used.
    - ``endpoint_override``: a URL of Glance that replaces the URL in the catalog, or None.
    - ``service_type``, ``valid_interfaces`` and ``region_name``: what to look for in the catalog. A
      region of None stands for any region.
    - ``num_retries``: how often a failed call is repeated at most.
    - ``connect_timeout``: the longest time to connect.
    - ``first_byte_timeout``: the longest wait for the start of a response, and for its next part.
    - ``timeout``: the longest time of a call, including its retries. A change may wait as long for
      the lock of its image.
    - ``cafile``: the authorities that sign Glance's certificate; None for those of the system.
    - ``certfile`` and ``keyfile``: the client certificate and its key, or None.
    - ``insecure``: True if any certificate of Glance is accepted.
    """

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
    """[keystone_authtoken]: how tokens are validated and cached. Times are in seconds.

    The credentials to log in with are not here: `Settings.oslo_config` has them.

    - ``www_authenticate_uri``: the URL at which clients log in; if None, Glimpse's own
      ``auth_url``.
    - ``token_cache_time``: how long a valid token is cached. With 0 or less, no token is cached.
    - ``memcached_servers``: ``host:port`` of the servers on which processes share valid tokens.
    - ``memcache_security_strategy``: ``MAC`` signs shared tokens, ``ENCRYPT`` encrypts and signs
      them. With ``None``, nothing is shared.
    - ``memcache_secret_key``: the secret with which shared tokens are signed and encrypted.
    - ``memcache_pool_socket_timeout``: the longest time of a call to memcached.
    - ``memcache_pool_dead_retry``: how long a memcached server is not used after a failure.
    - ``interface`` and ``region_name``: which endpoint of Keystone in the catalog is used. A region
      of None stands for any region.
    - ``http_connect_timeout``: the longest time of a login or a validation, including all retries.
    - ``http_request_max_retries``: how often a call to Keystone is repeated at most.
    - ``service_type``: the name of the Compute API in access rules of application credentials.
    - ``service_token_roles``: a service token counts if its user has one of these roles.
    - ``service_token_roles_required``: True if other service tokens are refused, False if they are
      ignored.
    - ``cafile``: the authorities that sign Keystone's certificate; None for those of the system.
    - ``certfile`` and ``keyfile``: the client certificate and its key, or None.
    - ``insecure``: True if any certificate of Keystone is accepted.
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
    """[service_user]: whether Glance also gets a token of this user, beside the caller's.

    The credentials of the user are not here: `Settings.oslo_config` has them.
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
    """[coordination]: the lock service with which only one request at a time changes an image.

    If ``backend_url`` is None, lock files in the state directory are used.
    """

    backend_url: str | None
