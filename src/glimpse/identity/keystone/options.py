"""KeystoneOptions: the options of [keystone_authtoken] that Glimpse uses."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from glimpse.upstream.tls import TlsOptions


@dataclass(frozen=True, slots=True)
class KeystoneOptions:
    """The options for Keystone, the login there, and the token cache. Times are in seconds.

    ``credentials`` are the options of the keystoneauth plugin ``auth_type`` (auth_url, username,
    password, ...); they are kept out of ``repr``. ``token_cache_time`` of -1 caches nothing.
    ``service_type`` is the Compute service's name in access rules of application credentials.
    ``http_connect_timeout`` bounds a login, and a validation, with all their retries.
    """

    auth_type: str = "password"
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    www_authenticate_uri: str | None = None
    interface: str = "internal"
    region_name: str | None = None
    token_cache_time: int = 300
    service_type: str = "compute"
    service_token_roles: frozenset[str] = frozenset({"service"})
    service_token_roles_required: bool = True
    http_connect_timeout: float = 10.0
    http_request_max_retries: int = 3
    tls: TlsOptions = field(default_factory=TlsOptions)
