"""Makes the clients of Keystone: the identity, its shared cache, and their transport."""

from glimpse.app.tls import tls_options
from glimpse.identity.keystone import KeystoneIdentity, KeystoneOptions, ServiceSession
from glimpse.identity.keystone.shared_cache import SharedCache, UnusableMemcached
from glimpse.identity.keystone.shared_cache_protection import EntryProtection, ProtectionUnavailable
from glimpse.settings import InvalidSettings, Settings
from glimpse.upstream.client import HttpClient


def open_keystone(settings: Settings, session: ServiceSession) -> KeystoneIdentity:
    """Make the identity that validates tokens at Keystone, with the token of `session`.

    Connects to no service yet. Closing the identity closes `session`. Raises InvalidSettings for
    unusable TLS files, and for an invalid server, a missing secret or a missing library of
    memcached.
    """
    options, shared = keystone_options(settings), open_shared_cache(settings)
    return KeystoneIdentity(options, session, keystone_transport(options), shared=shared)


def open_shared_cache(settings: Settings) -> SharedCache | None:
    """Make the cache of validated tokens in memcached. Connects to no server yet.

    Returns None if no server is configured, if ``memcache_security_strategy`` is the text ``None``,
    or if ``token_cache_time`` is not positive. Raises InvalidSettings for an invalid server, a
    missing secret or a missing library.
    """
    keystone = settings.keystone_authtoken
    strategy = keystone.memcache_security_strategy
    if not keystone.memcached_servers or strategy == "None" or keystone.token_cache_time <= 0:
        return None
    try:
        return SharedCache(
            keystone.memcached_servers,
            EntryProtection(
                "ENCRYPT" if strategy == "ENCRYPT" else "MAC", keystone.memcache_secret_key or ""
            ),
            timeout=keystone.memcache_pool_socket_timeout,
            retry_interval=keystone.memcache_pool_dead_retry,
        )
    except (UnusableMemcached, ProtectionUnavailable) as error:
        raise InvalidSettings(f"[keystone_authtoken] {error}") from None


def keystone_options(settings: Settings) -> KeystoneOptions:
    """Return the options of [keystone_authtoken], except credentials and options of memcached.

    Raises InvalidSettings for TLS files that cannot be used.
    """
    keystone = settings.keystone_authtoken
    return KeystoneOptions(
        www_authenticate_uri=keystone.www_authenticate_uri,
        interface=keystone.interface,
        region_name=keystone.region_name,
        token_cache_time=keystone.token_cache_time,
        service_type=keystone.service_type,
        service_token_roles=frozenset(keystone.service_token_roles),
        service_token_roles_required=keystone.service_token_roles_required,
        http_connect_timeout=float(keystone.http_connect_timeout),
        http_request_max_retries=keystone.http_request_max_retries,
        tls=tls_options("keystone_authtoken", keystone),
    )


def keystone_transport(options: KeystoneOptions) -> HttpClient:
    """Make an HTTP client for Keystone, with the TLS options and the timeout in `options`."""
    return HttpClient(
        tls=options.tls,
        connect_timeout=options.http_connect_timeout,
        read_timeout=options.http_connect_timeout,
    )
