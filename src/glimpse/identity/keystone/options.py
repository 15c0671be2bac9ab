"""KeystoneOptions: the options of [keystone_authtoken], without the credentials."""

from dataclasses import dataclass

from glimpse.upstream.tls import TlsOptions


@dataclass(frozen=True, slots=True)
class KeystoneOptions:
    """The options for Keystone, the login there, and the token cache. Times are in seconds.

    ``token_cache_time`` of -1 caches nothing. ``service_type`` is the Compute service's name in
    access rules of application credentials.
    ``http_connect_timeout`` bounds a login, and a validation, with all their retries. ``tls`` is
    what the transports connect with: at a reload, tokens that came through others are not kept.
    """

    www_authenticate_uri: str | None
    interface: str
    region_name: str | None
    token_cache_time: int
    service_type: str
    service_token_roles: frozenset[str]
    service_token_roles_required: bool
    http_connect_timeout: float
    http_request_max_retries: int
    tls: TlsOptions
