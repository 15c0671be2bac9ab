"""Settings: what the options were set to, as one frozen tree of values."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from oslo_config import cfg

AuthStrategy = Literal["embedded", "keystone", "noauth"]
ImageServiceName = Literal["embedded", "glance"]


@dataclass(frozen=True, slots=True)
class Server:
    """How the process listens, stops and logs; times in seconds."""

    host: str
    port: int
    workers: int
    state_dir: Path
    graceful_shutdown_timeout: int
    client_timeout: float
    access_log: bool
    debug: bool
    use_json: bool
    log_file: str | None
    log_dir: str | None
    log_date_format: str
    logging_default_format_string: str
    logging_context_format_string: str
    logging_user_identity_format: str
    logging_debug_format_suffix: str
    logging_exception_prefix: str


@dataclass(frozen=True, slots=True)
class Api:
    """What the Compute API answers."""

    auth_strategy: AuthStrategy
    allow_remote_noauth: bool
    noauth_allowed_hosts: tuple[str, ...]
    max_limit: int
    compute_link_prefix: str | None
    glance_link_prefix: str | None
    advertised_microversion: str
    max_microversion: str
    serve_removed_microversions: bool
    sunset: str | None


@dataclass(frozen=True, slots=True)
class Quota:
    """How much an image may carry."""

    metadata_items: int


@dataclass(frozen=True, slots=True)
class Policy:
    """Where policy rules are."""

    policy_file: str | None
    policy_dirs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Middleware:
    """What all APIs do with requests; sizes in bytes."""

    enable_proxy_headers_parsing: bool
    max_request_body_size: int


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """What the health check looks at, and whom it tells."""

    path: str
    detailed: bool
    backends: tuple[str, ...]
    disable_by_file_path: str | None
    disable_by_file_paths: tuple[str, ...]
    enable_by_file_paths: tuple[str, ...]
    allowed_source_ranges: tuple[str, ...]
    ignore_proxied_requests: bool


@dataclass(frozen=True, slots=True)
class Metrics:
    """Where Prometheus finds the numbers; nowhere if the port is 0.

    A port that is not `required`, nobody asked for: what matters more goes on without it.
    """

    host: str
    port: int
    required: bool


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embedded services; times in seconds, sizes in bytes."""

    token_expiration: int
    region_name: str
    image_size_cap: int


@dataclass(frozen=True, slots=True)
class Glance:
    """How Glance is found and called; times in seconds."""

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


@dataclass(frozen=True, slots=True)
class KeystoneAuthtoken:
    """How tokens are validated; times in seconds. Credentials stay in ``Settings.parsed``."""

    www_authenticate_uri: str | None
    token_cache_time: int
    memcached_servers: tuple[str, ...]
    memcache_security_strategy: str
    memcache_secret_key: str | None = field(repr=False)
    memcache_pool_socket_timeout: float
    memcache_pool_dead_retry: float
    interface: str
    region_name: str | None
    http_connect_timeout: int | None
    http_request_max_retries: int
    service_type: str
    service_token_roles: tuple[str, ...]
    service_token_roles_required: bool
    cafile: str | None
    certfile: str | None
    keyfile: str | None
    insecure: bool


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Whose token Glance gets beside the caller's. Credentials stay in ``Settings.parsed``."""

    send_service_user_token: bool


@dataclass(frozen=True, slots=True)
class Coordination:
    """Where writers take turns."""

    backend_url: str | None


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them.

    ``notes`` are lines for the operator: what is set and has no effect.

    ``parsed`` is the private oslo.config object behind the values: keystoneauth1.loading registers
    the options of the operator's plugin on its sections of credentials and reads them there.
    """

    server: Server
    api: Api
    quota: Quota
    policy: Policy
    middleware: Middleware
    healthcheck: Healthcheck
    metrics: Metrics
    embedded: Embedded
    glance: Glance
    keystone_authtoken: KeystoneAuthtoken
    service_user: ServiceUser
    coordination: Coordination
    image_service: ImageServiceName
    notes: tuple[str, ...]
    parsed: cfg.ConfigOpts = field(repr=False, compare=False)

    def without_metrics(self) -> "Settings":
        """The same, but that nothing is counted and no scrape answered."""
        return replace(self, metrics=replace(self.metrics, port=0))
