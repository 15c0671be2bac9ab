"""Messages about options of a nova.conf that have no effect in Glimpse.

A message says what to use instead. `glimpse serve` logs the messages, `glimpse check` prints them.
"""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

_LISTENING = "[glimpse] host and port set the address to listen on"
_TLS = "Glimpse serves plain HTTP; put a proxy with TLS in front of it"
_RETRIES = "num_retries sets the number of retries"
_VERSIONS = "Glimpse uses version 2 of the Image API"
_LOGGING = "use log_file, log_dir, use_json, debug and the format options"
_POOL = "connections to memcached are opened as needed"
_CREDENTIALS = "auth_type names a keystoneauth plugin, which has its own options"
_SERVERS = "api_servers, endpoint_override or the catalog name Glance"
_FORWARDED = "[oslo_middleware] enable_proxy_headers_parsing also trusts X-Forwarded-For"
_SERVICE_USER = "[keystone_authtoken] has the TLS options and timeouts of Keystone"
_SERVICE_USER_ENDPOINT = "[keystone_authtoken] interface and region_name choose Keystone's endpoint"
_CACHE_TLS = "memcached is called in plain text; use memcache_security_strategy = ENCRYPT"

# By section and option: what to use instead, or why the option has no effect.
UNSUPPORTED_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "DEFAULT": {
        "osapi_compute_listen": _LISTENING,
        "osapi_compute_listen_port": _LISTENING,
        "osapi_compute_workers": "[glimpse] workers sets the number of processes",
        "enabled_ssl_apis": _TLS,
        "use_forwarded_for": _FORWARDED,
        "log_config_append": _LOGGING,
        "use_syslog": _LOGGING,
        "use_journal": _LOGGING,
        "default_log_levels": _LOGGING,
        "log_rotation_type": "rotate log files with logrotate",
    },
    "api": {
        "use_forwarded_for": _FORWARDED,
    },
    "wsgi": {
        "client_socket_timeout": "[glimpse] client_timeout bounds the pauses of clients",
        "ssl_cert_file": _TLS,
        "ssl_key_file": _TLS,
        "ssl_ca_file": _TLS,
        "secure_proxy_ssl_header": "X-Forwarded-Proto and Forwarded are used",
    },
    "glance": {
        "host": _SERVERS,
        "port": _SERVERS,
        "protocol": _SERVERS,
        "service_name": "the catalog is searched by service_type",
        "min_version": _VERSIONS,
        "max_version": _VERSIONS,
        "connect_retries": _RETRIES,
        "connect_retry_delay": _RETRIES,
        "status_code_retries": _RETRIES,
        "status_code_retry_delay": _RETRIES,
        "retriable_status_codes": _RETRIES,
    },
    "keystone_authtoken": {
        "identity_uri": _CREDENTIALS,
        "auth_host": _CREDENTIALS,
        "admin_user": _CREDENTIALS,
        "admin_token": _CREDENTIALS,
        "auth_version": "tokens are validated with version 3 of the Identity API",
        "delay_auth_decision": "every request needs a token",
        "cache": "tokens are cached in the process, and in memcached_servers",
        "enforce_token_bind": "tokens are not bound to clients",
        "memcache_tls_enabled": _CACHE_TLS,
        "memcache_sasl_enabled": _CACHE_TLS,
        "memcache_pool_maxsize": _POOL,
        "memcache_pool_unused_timeout": _POOL,
        "memcache_pool_conn_get_timeout": _POOL,
    },
    "service_user": {
        "cafile": _SERVICE_USER,
        "certfile": _SERVICE_USER,
        "keyfile": _SERVICE_USER,
        "insecure": _SERVICE_USER,
        "timeout": _SERVICE_USER,
        "interface": _SERVICE_USER_ENDPOINT,
        "valid_interfaces": _SERVICE_USER_ENDPOINT,
        "region_name": _SERVICE_USER_ENDPOINT,
    },
    "quota": {
        "driver": "the limit of an image's metadata is [quota] metadata_items",
    },
    "oslo_policy": {
        "policy_default_rule": "rules that no file has keep their own defaults",
    },
    "oslo_middleware": {
        "http_basic_auth_user_file": "callers are known by tokens",
    },
}

_SENDS = "send_service_user_token"
_PLUGIN_OPTIONS = ("auth_type", "auth_plugin", "auth_section")
# With these values, an option has no effect in other services either, so it is not reported.
_UNSET = frozenset(("", "false", "no", "off", "0", "none"))


def find_unsupported_options(value_of: Callable[[str, str], str | None]) -> Iterator[str]:
    """Yield messages for the operator about options of a nova.conf that have no effect.

    `value_of(section, option)` returns the option's text in the files or in an environment
    variable; None if the option is not set. There are messages for:

    - the options in UNSUPPORTED_OPTIONS (``false``, ``0`` and similar values count as not set);
    - send_service_user_token without credentials to log in with, or with auth_strategy noauth;
    - memcached_servers without memcache_security_strategy;
    - origins in allowed_origin that no browser sends.
    """
    for section, options in UNSUPPORTED_OPTIONS.items():
        for option, instead in options.items():
            value = value_of(section, option)
            if value is not None and value.strip().lower() not in _UNSET:
                yield f"[{section}] {option} is set and has no effect here: {instead}."
    user = {name: value_of("service_user", name) for name in (_SENDS, *_PLUGIN_OPTIONS)}
    if (user.pop(_SENDS) or "").strip().lower() not in _UNSET:
        if not has_auth_plugin(user):
            yield f"[service_user] {_SENDS} is set and has no effect here without auth_type."
        elif (value_of("api", "auth_strategy") or "").startswith("noauth"):
            yield f"[service_user] {_SENDS} is set and has no effect here with noauth."
    servers = value_of("keystone_authtoken", "memcached_servers") or value_of(
        "keystone_authtoken", "memcache_servers"
    )
    strategy = value_of("keystone_authtoken", "memcache_security_strategy") or "none"
    if servers and strategy.lower() == "none":
        yield (
            "[keystone_authtoken] memcached_servers is set and has no effect here without "
            "memcache_security_strategy: tokens are shared only where nobody can forge them."
        )
    for origin in (value_of("cors", "allowed_origin") or "").split(","):
        if not _may_be_origin(origin.strip()):
            yield (
                f"[cors] allowed_origin has {origin.strip()!r}, which has no effect here: browsers "
                "send scheme://host, in lower case, with a port unless that is the default."
            )


def _may_be_origin(text: str) -> bool:
    """Return True if `text` makes sense in the option allowed_origin.

    Empty text, ``*``, ``null`` and an origin that a browser may send make sense. Browsers send an
    origin in lower case, without a user, a path, a slash at the end, or the default port of the
    scheme.
    """
    if text in ("", "*", "null"):
        return True
    try:
        parts = urlsplit(text)
        is_default_port = parts.port == {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return False
    is_complete = bool(parts.scheme and parts.hostname) and "@" not in parts.netloc
    is_origin = text == f"{parts.scheme}://{parts.netloc}".lower()
    return is_complete and is_origin and not is_default_port


def has_auth_plugin(section: Mapping[str, str | None]) -> bool:
    """Return True if a section names a keystoneauth plugin to log in with.

    The option ``auth_type``, ``auth_plugin`` or ``auth_section`` names the plugin. The name is not
    validated.
    """
    return any(section.get(name) for name in _PLUGIN_OPTIONS)
