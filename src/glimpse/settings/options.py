"""Every option, declared once: what it is called, what it means, in which unit, and its default."""

from collections.abc import Mapping, Sequence

from oslo_config import cfg

_PORT_MAX = 65535
_SHORTEST = 0.01  # seconds: with no time at all, nothing would ever work

GLIMPSE: Sequence[cfg.Opt] = (
    cfg.StrOpt("host", default="127.0.0.1", help="Address to listen on."),
    cfg.IntOpt("port", default=8774, min=0, max=_PORT_MAX, help="TCP port to listen on."),
    cfg.IntOpt("workers", default=1, min=1, help="Number of processes that serve."),
    cfg.StrOpt(
        "state_dir",
        sample_default="~/.local/share/glimpse",
        help="Directory of the embedded services' state, created with mode 0700. "
        "Without it: glimpse in XDG_DATA_HOME, or in ~/.local/share.",
    ),
    cfg.StrOpt(
        "image_service",
        choices=["embedded", "glance"],
        help="Where images are kept. Without it: glance when auth_strategy is keystone, "
        "embedded otherwise.",
    ),
    cfg.IntOpt(
        "graceful_shutdown_timeout",
        default=30,
        min=1,
        help="Seconds that requests in flight are given to end when the process is told to stop.",
    ),
    cfg.FloatOpt(
        "client_timeout",
        default=60.0,
        min=_SHORTEST,
        help="Seconds that a client may take for the head of a request, and be silent in its body "
        "or take nothing of the answer, before its connection is closed.",
    ),
    cfg.BoolOpt("access_log", default=True, help="Log one line for each request."),
)

LOGGING: Sequence[cfg.Opt] = (
    cfg.BoolOpt("debug", default=False, help="Log at level DEBUG instead of INFO."),
    cfg.BoolOpt("use_json", default=False, help="Log one JSON object a line."),
    cfg.StrOpt(
        "log_file",
        deprecated_name="logfile",
        help="File to log to; without it: glimpse.log in log_dir, or standard error.",
    ),
    cfg.StrOpt(
        "log_dir", deprecated_name="logdir", help="Directory that a relative log_file is in."
    ),
    cfg.StrOpt(
        "log_date_format",
        default="%Y-%m-%d %H:%M:%S",
        help="Format of dates in log lines, as strftime takes it.",
    ),
    cfg.StrOpt(
        "logging_default_format_string",
        default="%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s [-] %(message)s",
        help="Format of log lines that belong to no request.",
    ),
    cfg.StrOpt(
        "logging_context_format_string",
        default="%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s "
        "[%(global_request_id)s %(request_id)s %(user_identity)s] %(message)s",
        help="Format of log lines that belong to a request.",
    ),
    cfg.StrOpt(
        "logging_user_identity_format",
        default="%(user)s %(project)s",
        help="Format of user_identity: user, project, user_domain and project_domain are ids.",
    ),
    cfg.StrOpt(
        "logging_debug_format_suffix",
        default="",
        help="What is added to the format of lines of level DEBUG.",
    ),
    cfg.StrOpt(
        "logging_exception_prefix",
        default="",
        help="Format of what each line of a traceback begins with.",
    ),
)

API: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "auth_strategy",
        choices=["embedded", "keystone", "noauth", "noauth2"],
        help="Who says who is calling. noauth2 is nova's name for noauth. Without it: keystone "
        "when [keystone_authtoken] is configured, embedded otherwise.",
    ),
    cfg.BoolOpt(
        "allow_remote_noauth",
        default=False,
        help="Allow auth_strategy noauth on an address that other machines reach.",
    ),
    cfg.IntOpt(
        "max_limit",
        default=1000,
        min=0,
        deprecated_group="DEFAULT",
        deprecated_name="osapi_max_limit",
        help="Accepted, because every nova.conf may have it. Like Compute, Glimpse does not apply "
        "it to images: a list without a limit has all of them.",
    ),
    cfg.StrOpt(
        "compute_link_prefix",
        deprecated_group="DEFAULT",
        deprecated_name="osapi_compute_link_prefix",
        help="URL that replaces scheme, host and leading path in links to Compute.",
    ),
    cfg.StrOpt(
        "glance_link_prefix",
        deprecated_group="DEFAULT",
        deprecated_name="osapi_glance_link_prefix",
        help="URL that replaces scheme, host and leading path in links to the Image service.",
    ),
    cfg.StrOpt(
        "advertised_microversion",
        default="2.35",
        regex=r"^2\.[1-9]\d*$",
        help="Highest microversion that version discovery names.",
    ),
    cfg.StrOpt(
        "max_microversion",
        default="2.104",
        regex=r"^2\.[1-9]\d*$",
        help="Highest microversion that requests may ask for.",
    ),
    cfg.BoolOpt(
        "serve_removed_microversions",
        default=False,
        help="Keep answering for images above 2.35 and for their metadata above 2.38.",
    ),
    cfg.StrOpt("sunset", help="HTTP date of the Sunset header; no header without it."),
)

QUOTA: Sequence[cfg.Opt] = (
    cfg.IntOpt(
        "metadata_items",
        default=128,
        min=-1,
        deprecated_group="DEFAULT",
        deprecated_name="quota_metadata_items",
        help="Most metadata items of an image; -1 for any number.",
    ),
)

POLICY: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "policy_file",
        help="JSON or YAML file with policy rules; looked for beside the configuration file, too. "
        "Without it: policy.yaml or policy.json there, if there is one.",
    ),
    cfg.MultiStrOpt(
        "policy_dirs",
        default=[],
        help="Directories with more policy files. Without it: policy.d beside the configuration "
        "file, if there is one.",
    ),
)

MIDDLEWARE: Sequence[cfg.Opt] = (
    cfg.BoolOpt(
        "enable_proxy_headers_parsing",
        default=False,
        help="Believe Forwarded and X-Forwarded-* headers. Only behind a proxy that sets them.",
    ),
    cfg.IntOpt(
        "max_request_body_size",
        default=114688,
        min=0,
        deprecated_opts=[
            cfg.DeprecatedOpt("osapi_max_request_body_size", group="DEFAULT"),
            cfg.DeprecatedOpt("max_request_body_size", group="DEFAULT"),
        ],
        help="Most bytes of a request body, except image data.",
    ),
)

HEALTHCHECK: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "path",
        default="/healthcheck",
        regex=r"^/(?!v2|image|identity)[^\s/?#]",
        help="Path that says whether this process wants requests.",
    ),
    cfg.BoolOpt(
        "detailed",
        default=False,
        help="Add the interpreter, its memory and what its threads do. Not where strangers see it.",
    ),
    cfg.ListOpt(
        "backends",
        default=["disable_by_file"],
        help="What is looked at: disable_by_file, disable_by_files_ports, enable_by_files.",
    ),
    cfg.StrOpt("disable_by_file_path", help="File that, while it is there, makes the answer 503."),
    cfg.ListOpt(
        "disable_by_file_paths",
        default=[],
        help="port:path pairs: files that do so for requests to that port "
        "(disable_by_files_ports).",
    ),
    cfg.ListOpt(
        "enable_by_file_paths",
        default=[],
        help="Files that must all be there, or the answer is 503 (enable_by_files).",
    ),
    cfg.ListOpt(
        "allowed_source_ranges",
        default=[],
        help="Networks that are answered; others find nothing at the path. Any without it.",
    ),
    cfg.BoolOpt(
        "ignore_proxied_requests",
        default=False,
        help="Let requests with an X-Forwarded header find nothing at the path.",
    ),
)

METRICS: Sequence[cfg.Opt] = (
    cfg.StrOpt("host", default="127.0.0.1", help="Address to answer scrapes on."),
    cfg.IntOpt(
        "port",
        min=1,
        max=_PORT_MAX,
        help="TCP port of /metrics, for Prometheus; without it nothing is counted.",
    ),
)

EMBEDDED: Sequence[cfg.Opt] = (
    cfg.IntOpt(
        "token_expiration", default=3600, min=1, help="Seconds that the embedded tokens live."
    ),
    cfg.StrOpt("region_name", default="RegionOne", help="Region in the embedded catalog."),
    cfg.IntOpt(
        "image_size_cap", default=2**40, min=1, help="Most bytes of data that an image may have."
    ),
)

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
        "connect_timeout", default=3.0, min=_SHORTEST, help="Seconds to connect to Glance in."
    ),
    cfg.FloatOpt(
        "first_byte_timeout", default=15.0, min=_SHORTEST, help="Seconds until an answer begins."
    ),
    cfg.FloatOpt(
        "timeout", default=30.0, min=_SHORTEST, help="Seconds that a whole call may take."
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
        min=_SHORTEST,
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
        min=1,
        help="Seconds that logging in to Keystone, or validating a token there, may take with all "
        "its tries; 10 without it.",
    ),
    cfg.IntOpt(
        "http_request_max_retries",
        default=3,
        min=0,
        help="Further tries while Keystone cannot be reached or answers 5xx.",
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

COORDINATION: Sequence[cfg.Opt] = (
    cfg.StrOpt(
        "backend_url",
        help="Where writers of one image take turns, as tooz has it: redis://, memcached://, "
        "etcd3+http://, mysql:// or postgresql:// for many machines. Without it: files in the "
        "state directory, for the workers of one machine.",
    ),
)

SECTIONS: Mapping[str, Sequence[cfg.Opt]] = {
    "DEFAULT": LOGGING,
    "glimpse": GLIMPSE,
    "api": API,
    "quota": QUOTA,
    "oslo_policy": POLICY,
    "oslo_middleware": MIDDLEWARE,
    "healthcheck": HEALTHCHECK,
    "metrics": METRICS,
    "embedded": EMBEDDED,
    "glance": GLANCE,
    "keystone_authtoken": KEYSTONE_AUTHTOKEN,
    "coordination": COORDINATION,
}
