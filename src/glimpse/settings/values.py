"""Settings: the values of all options, as one frozen tree.

The fields are named like the options; their meaning and defaults are declared in `options`.
"""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from oslo_config import cfg

AuthStrategy = Literal["embedded", "keystone", "noauth"]
UNLIMITED = sys.maxsize

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
    """Authentication, and the responses of the Compute API."""

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
    """Limits of an image; metadata_items is `UNLIMITED` for none."""

    metadata_items: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The files with policy rules; none if both are empty."""

    policy_file: str | None
    policy_dirs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Middleware:
    """Options of the middleware in front of all APIs; sizes in bytes."""

    enable_proxy_headers_parsing: bool
    max_request_body_size: int


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """The backends of the health check, and which requests it responds to."""

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
    """Where Prometheus scrapes this process; nowhere if the port is 0.

    `is_required` is False for a port that is only the default: if it cannot be listened on, the
    process serves without metrics.
    """

    host: str
    port: int
    is_required: bool


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
    """Options of token validation; times in seconds.

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


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Options of the service user, whose token Glance gets in addition to the caller's.

    Its credentials are not here: they are read from ``Settings.oslo_config``.
    """

    send_service_user_token: bool


@dataclass(frozen=True, slots=True)
class Coordination:
    """The lock service for writers of one image; None for files of this machine."""

    backend_url: str | None


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of all options, and values derived from them.

    ``ineffective_options`` has a message for each option that is set and has no effect.

    ``oslo_config`` is the configuration from which the values were read. keystoneauth1.loading
    registers the options of the operator's plugin on its credentials sections, and reads them.
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
    ineffective_options: tuple[str, ...]
    oslo_config: cfg.ConfigOpts = field(repr=False, compare=False)

    def without_metrics(self) -> "Settings":
        """Return the settings with metrics turned off: no counters, and no port."""
        return replace(self, metrics=replace(self.metrics, port=0))
