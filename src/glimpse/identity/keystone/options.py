"""KeystoneOptions: the values of the options in [keystone_authtoken], without credentials."""

from dataclasses import dataclass

from glimpse.upstream.tls import TlsOptions


@dataclass(frozen=True, slots=True)
class KeystoneOptions:
    """Options of the login to Keystone, and of the validation and caching of tokens.

    Times are in seconds. A reload keeps the cached tokens only if no option has changed.

    - ``www_authenticate_uri``: the URL at which clients log in; if None, the URL at which Glimpse
      logs in.
    - ``interface`` and ``region_name``: which endpoint of Keystone in the catalog is used. A region
      of None stands for any region.
    - ``token_cache_time``: how long a valid token is cached. With 0 or less, no token is cached.
    - ``service_type``: the name of the Compute API in access rules of application credentials.
    - ``service_token_roles``: the roles of services. A service token has an effect only if its user
      has one of these roles.
    - ``service_token_roles_required``: True if a service token without these roles is refused,
      False if it is ignored.
    - ``http_connect_timeout``: the longest time of a login, and of a validation, with all retries.
    - ``http_request_max_retries``: how often a call to Keystone is repeated at most.
    - ``tls``: the TLS options of the transports.
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
