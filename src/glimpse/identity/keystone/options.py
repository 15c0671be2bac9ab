"""KeystoneOptions: the values of the options in [keystone_authtoken], without credentials."""

from dataclasses import dataclass

from glimpse.upstream.tls import TlsOptions


@dataclass(frozen=True, slots=True)
class KeystoneOptions:
    """Options of the login to Keystone, and of the validation and caching of tokens.

    Times are in seconds. ``interface`` and ``region_name`` select Keystone's endpoint in its
    catalog. ``www_authenticate_uri`` is the URL at which clients log in. A user with one of
    ``service_token_roles`` is a service; with ``service_token_roles_required``, service tokens of
    other users are refused, otherwise ignored.

    Validated tokens are cached for ``token_cache_time``; with 0 or -1, none is cached. Access rules
    of application credentials call the Compute API ``service_type``. ``http_connect_timeout``
    limits a login, and a validation, each with all its retries, of which there are at most
    ``http_request_max_retries``. ``tls`` is what the transports connect with; it is here so that a
    reload with other TLS options keeps no cached token.
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
