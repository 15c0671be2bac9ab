"""Gateway mode: the image service and the identity that an operator's nova.conf names."""

from typing import NamedTuple

from keystoneauth1 import loading
from keystoneauth1.exceptions import ClientException
from keystoneauth1.plugin import BaseAuthPlugin
from oslo_config import cfg

from glimpse.glance import GlanceImageService, GlanceOptions, ImageLocks, LockServiceError, is_url
from glimpse.identity import IdentityUnavailable
from glimpse.identity.keystone import (
    KeystoneIdentity,
    KeystoneOptions,
    ServiceSession,
    ServiceUser,
)
from glimpse.identity.keystone.sealing import CannotSeal, Seal
from glimpse.identity.keystone.shared_cache import BadServer, SharedCache
from glimpse.identity.noauth import NoAuthIdentity
from glimpse.images import PolicyRules
from glimpse.images.errors import Unavailable
from glimpse.settings import Glance, KeystoneAuthtoken, Settings
from glimpse.upstream.tls import TlsOptions
from glimpse.upstream.urls import strip_credentials


class GatewayError(Exception):
    """The gateway cannot start with this configuration; the message says why."""


class Gateway(NamedTuple):
    """What a gateway serves with; `session` is its own with Keystone, if it has one."""

    images: GlanceImageService
    identity: KeystoneIdentity | NoAuthIdentity
    session: ServiceSession | None = None


def open_gateway(settings: Settings, rules: PolicyRules | None = None) -> Gateway:
    """Make the parts, without asking anybody anything: what is down now may be up later.

    `rules` are the operator's policy rules. Raises GatewayError.
    """
    if settings.api.auth_strategy == "keystone":
        session = open_session(settings)
        images = open_glance(settings, session, rules)
        return Gateway(images, open_keystone(settings, session), session)
    if settings.api.auth_strategy == "noauth":
        return Gateway(open_glance(settings, None, rules), NoAuthIdentity())
    raise GatewayError("image_service = glance needs tokens that Glance accepts: Keystone's.")


def open_keystone(settings: Settings, session: ServiceSession) -> KeystoneIdentity:
    """The identity that asks Keystone about tokens, as the service that `session` is.

    Raises GatewayError.
    """
    shared = open_shared_cache(settings)
    return KeystoneIdentity(keystone_options(settings), session, shared=shared)


def open_shared_cache(settings: Settings) -> SharedCache | None:
    """The memcached servers that share tokens; None for none. Raises GatewayError."""
    keystone = settings.keystone_authtoken
    strategy = keystone.memcache_security_strategy
    if not keystone.memcached_servers or strategy == "None" or keystone.token_cache_time <= 0:
        return None
    try:
        return SharedCache(
            keystone.memcached_servers,
            Seal("ENCRYPT" if strategy == "ENCRYPT" else "MAC", keystone.memcache_secret_key or ""),
            timeout=keystone.memcache_pool_socket_timeout,
            rest_time=keystone.memcache_pool_dead_retry,
        )
    except (BadServer, CannotSeal) as error:
        raise GatewayError(f"[keystone_authtoken] {error}") from None


def open_session(settings: Settings, section: str = "keystone_authtoken") -> ServiceSession:
    """What logs in with the credentials of `section`. Raises GatewayError."""
    try:
        loading.register_auth_conf_options(settings.parsed, section)
        plugin = loading.load_auth_from_conf_options(settings.parsed, section)
    except (ClientException, cfg.Error, ValueError) as error:
        raise GatewayError(f"[{section}] cannot be used: {error}") from None
    if plugin is None:
        raise GatewayError(f"[{section}] auth_type is not set, so nobody can log in.")

    def make_plugin() -> BaseAuthPlugin:
        made = loading.load_auth_from_conf_options(settings.parsed, section)
        return made or plugin

    return ServiceSession(keystone_options(settings), plugin, make_plugin)


def open_glance(
    settings: Settings, session: ServiceSession | None, rules: PolicyRules | None = None
) -> GlanceImageService:
    """The Glance that [glance] names, or else the catalog of `session`. Raises GatewayError."""
    glance = settings.glance
    named = glance.api_servers or ((glance.endpoint_override,) if glance.endpoint_override else ())
    if not named and session is None:
        raise GatewayError("Without Keystone, [glance] api_servers has to say where Glance is.")
    for url in named:
        if not is_url(url):
            raise GatewayError(
                f"[glance] {strip_credentials(url)} is no URL that Glance could have."
            )
    options = GlanceOptions(
        api_servers=named,
        num_retries=glance.num_retries,
        connect_timeout=glance.connect_timeout,
        first_byte_timeout=glance.first_byte_timeout,
        total_timeout=glance.timeout,
        turn_timeout=glance.timeout,
        tls=_tls("glance", glance),
    )

    async def find_server() -> str:
        try:
            return await session.endpoint_of(  # type: ignore[union-attr]  # refused above
                glance.service_type, glance.valid_interfaces, glance.region_name
            )
        except IdentityUnavailable as error:
            raise Unavailable(f"Where the Image service is cannot be found out: {error}") from None

    service = None
    if session is not None and settings.service_user.send_service_user_token:
        service = ServiceUser(open_session(settings, "service_user"))
    return GlanceImageService(options, open_image_locks(settings), find_server, service, rules)


def open_image_locks(settings: Settings) -> ImageLocks:
    """The turns of writers. Raises GatewayError."""
    try:
        return ImageLocks(coordination_url(settings), settings.glance.timeout)
    except LockServiceError as error:
        raise GatewayError(f"[coordination] backend_url: {error}") from None


def keystone_options(settings: Settings) -> KeystoneOptions:
    """The part of [keystone_authtoken] that is no credentials. Raises GatewayError."""
    keystone = settings.keystone_authtoken
    return KeystoneOptions(
        www_authenticate_uri=keystone.www_authenticate_uri,
        interface=keystone.interface,
        region_name=keystone.region_name,
        token_cache_time=keystone.token_cache_time,
        service_type=keystone.service_type,
        service_token_roles=frozenset(keystone.service_token_roles),
        service_token_roles_required=keystone.service_token_roles_required,
        http_connect_timeout=float(keystone.http_connect_timeout or 10),
        http_request_max_retries=keystone.http_request_max_retries,
        tls=_tls("keystone_authtoken", keystone),
    )


def coordination_url(settings: Settings) -> str:
    """Where writers of one image take turns: what is configured, or files of this machine."""
    if settings.coordination.backend_url:
        return settings.coordination.backend_url
    directory = settings.server.state_dir / "locks"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return f"file://{directory}"


def _tls(section: str, options: Glance | KeystoneAuthtoken) -> TlsOptions:
    """How to speak TLS. Raises GatewayError for files that cannot be used."""
    tls = TlsOptions(options.cafile, options.certfile, options.keyfile, options.insecure)
    if tls.cafile or tls.certfile:
        try:
            tls.context  # noqa: B018  made now, and kept
        except OSError as error:
            files = "cafile, certfile or keyfile"
            raise GatewayError(f"[{section}] {files} cannot be used: {error}") from None
    return tls
