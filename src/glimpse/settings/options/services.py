"""Options of the services that Glimpse calls: Glance, Keystone, and the lock service."""

from collections.abc import Sequence

from oslo_config import cfg

from glimpse.settings.options.bounds import SHORTEST_TIMEOUT

GLANCE: Sequence[cfg.Opt] = (
    cfg.ListOpt("api_servers", default=[], help="URLs of Glance; the catalog's without it."),
    cfg.StrOpt("service_type", default="image", help="Type of the Image service in the catalog."),
    cfg.ListOpt(
        "valid_interfaces",
        default=["internal", "public"],
        help="Interfaces to look for in the catalog, in order of preference.",
    ),
    cfg.StrOpt("region_name", help="Region to look for in the catalog."),
    cfg.StrOpt("endpoint_override", help="URL of Glance, in place of the catalog's."),
    cfg.IntOpt("num_retries", default=3, min=0, help="Further tries of a call that failed."),
    cfg.FloatOpt(
        "connect_timeout",
        default=3.0,
        min=SHORTEST_TIMEOUT,
        help="Seconds to connect to Glance in.",
    ),
    cfg.FloatOpt(
        "first_byte_timeout",
        default=30.0,
        min=SHORTEST_TIMEOUT,
        help="Seconds until an answer begins.",
    ),
    cfg.FloatOpt(
        "timeout", default=60.0, min=SHORTEST_TIMEOUT, help="Seconds that a whole call may take."
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

KEYSTONE_AUTHTOKEN: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "www_authenticate_uri",
        deprecated_name="auth_uri",
        help="Identity URL that clients without a valid token are told.",
    ),
    cfg.IntOpt(
        "token_cache_time", default=300, help="Seconds that a validated token is trusted; -1: none."
    ),
    cfg.ListOpt(
        "memcached_servers",
        default=[],
        deprecated_name="memcache_servers",
        help="host:port of memcached servers that share validated tokens, with "
        "memcache_security_strategy. Needs the extra glimpse[memcached].",
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
        help="Secret that all who share tokens have, for memcache_security_strategy.",
    ),
    cfg.FloatOpt(
        "memcache_pool_socket_timeout",
        default=1.0,
        min=SHORTEST_TIMEOUT,
        help="Seconds that a call to memcached may take.",
    ),
    cfg.FloatOpt(
        "memcache_pool_dead_retry",
        default=30.0,
        min=0.0,
        help="Seconds that a memcached server which failed is left alone.",
    ),
    cfg.StrOpt("interface", default="internal", help="Interface of Keystone in the catalog."),
    cfg.StrOpt("region_name", help="Region of Keystone in the catalog."),
    cfg.IntOpt(
        "http_connect_timeout",
        default=10,
        min=1,
        help="Seconds that logging in to Keystone, or validating a token there, may take with all "
        "its tries.",
    ),
    cfg.IntOpt(
        "http_request_max_retries",
        default=3,
        min=0,
        help="Further tries while Keystone cannot be reached or answers 5xx.",
    ),
    cfg.StrOpt(
        "service_type",
        default="compute",
        help="What access rules of application credentials call the Compute service.",
    ),
    cfg.ListOpt(
        "service_token_roles",
        default=["service"],
        help="Roles, one of which makes a token a service's.",
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

SERVICE_USER: Sequence[cfg.Opt] = (
    cfg.BoolOpt(
        "send_service_user_token",
        default=False,
        help="Send Glance a token of this section's user beside the caller's, as for "
        "[keystone_authtoken] with auth_type and the options of its plugin.",
    ),
)

COORDINATION: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "backend_url",
        help="Where writers of one image take turns, as tooz has it: redis://, memcached://, "
        "etcd3+http://, mysql:// or postgresql:// for many machines. Without it: files in the "
        "state directory, for the workers of one machine.",
    ),
)
