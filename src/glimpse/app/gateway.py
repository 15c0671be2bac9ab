"""Gateway mode: opens the image service over Glance, and the identity over Keystone.

This module imports nothing of the embedded services, so that a gateway does not load them.
"""

from pathlib import Path
from typing import NamedTuple

from glimpse.app.components import Components
from glimpse.app.keystone import open_keystone, open_session
from glimpse.app.tls import tls_options
from glimpse.glance import (
    GlanceImageService,
    GlanceOptions,
    ImageLocks,
    UnusableLockService,
    is_url,
)
from glimpse.http.readiness import ReadinessCheck
from glimpse.identity.keystone import KeystoneIdentity, KeystoneServiceTokens, ServiceSession
from glimpse.identity.noauth import NoAuthIdentity
from glimpse.images import ImageService, PolicyRules
from glimpse.settings import InvalidSettings, Settings
from glimpse.upstream.client import HttpClient
from glimpse.upstream.urls import strip_credentials


class Gateway(NamedTuple):
    """The services of a gateway; `session` is its own login at Keystone, None with noauth.

    Close `images` and `identity`; the identity closes `session`.
    """

    images: GlanceImageService
    identity: KeystoneIdentity | NoAuthIdentity
    session: ServiceSession | None = None


async def open_gateway_components(settings: Settings, rules: PolicyRules | None) -> Components:
    """Make the components of a gateway. Connects to no service yet but Glance's database.

    `rules` are the operator's policy rules; None without policy files. Raises InvalidSettings, and
    OSError if the directory of lock files cannot be made. Then nothing stays open.
    """
    glance, identity, _ = open_gateway(settings, rules)
    images: ImageService = glance
    readiness_checks: dict[str, ReadinessCheck] = {"glance": glance.ping}
    if settings.glance_database.is_read:
        # Loads oslo.policy and a driver, which other gateways do not need
        from glimpse.app import glance_database  # noqa: PLC0415

        try:
            reading = await glance_database.open_checked_glance_database(settings, glance, rules)
        except InvalidSettings:
            await identity.close()
            await glance.close()
            raise
        images = reading
        readiness_checks["glance_database"] = glance_database.readiness_check(settings, reading)
        if settings.glance_database.replica_connection is not None:
            readiness_checks["glance_database_replica"] = glance_database.replica_readiness_check(
                reading
            )
    if isinstance(identity, KeystoneIdentity):
        readiness_checks["keystone"] = identity.ping

    async def image_service_url(_own_url: str) -> str:
        return await glance.base_url()

    return Components(images, identity, image_service_url, readiness_checks)


def open_gateway(settings: Settings, rules: PolicyRules | None = None) -> Gateway:
    """Make the image service and the identity.

    Calls no other service, so that a gateway starts while Keystone or Glance is down. `rules` are
    the operator's policy rules; None without policy files. Raises InvalidSettings for options that
    cannot be used, such as auth_strategy ``embedded``, whose tokens Glance does not accept; OSError
    if the directory of lock files cannot be made.
    """
    if settings.api.auth_strategy == "keystone":
        session = open_session(settings)
        images = open_glance(settings, session, rules)
        return Gateway(images, open_keystone(settings, session), session)
    if settings.api.auth_strategy == "noauth":
        return Gateway(open_glance(settings, None, rules), NoAuthIdentity())
    raise InvalidSettings(
        "image_service = glance needs tokens that Glance accepts, Keystone's: "
        "set auth_strategy = keystone."
    )


def open_glance(
    settings: Settings, session: ServiceSession | None, rules: PolicyRules | None = None
) -> GlanceImageService:
    """Make the image service in front of Glance.

    Glance is at the URLs in [glance]; without any, it is looked up in the catalog of `session` at
    the first request. `session` is None without a Keystone: then [glance] must have a URL. Raises
    InvalidSettings, and OSError if the directory of lock files cannot be made.
    """
    options = glance_options(settings)
    if not options.api_servers and session is None:
        raise InvalidSettings("Without Keystone there is no catalog: set [glance] api_servers.")
    for url in options.api_servers:
        if not is_url(url):
            raise InvalidSettings(
                f"[glance] {strip_credentials(url)} is no URL of a Glance: set one like http://host:9292."
            )
    service_tokens = None
    if session is not None and settings.service_user.send_service_user_token:
        service_tokens = KeystoneServiceTokens(open_session(settings, "service_user"))
    return GlanceImageService(
        options,
        glance_transport(settings),
        open_image_locks(settings),
        catalog=session,
        service_tokens=service_tokens,
        rules=rules,
    )


def glance_options(settings: Settings) -> GlanceOptions:
    """Return the options of [glance], without TLS, connect timeout and first byte timeout.

    `glance_transport` has those. ``api_servers`` has precedence over ``endpoint_override``.
    """
    glance = settings.glance
    override = (glance.endpoint_override,) if glance.endpoint_override else ()
    return GlanceOptions(
        api_servers=glance.api_servers or override,
        service_type=glance.service_type,
        valid_interfaces=glance.valid_interfaces,
        region_name=glance.region_name,
        num_retries=glance.num_retries,
        total_timeout=glance.timeout,
    )


def glance_transport(settings: Settings) -> HttpClient:
    """Make the HTTP client for Glance. Raises InvalidSettings for unusable TLS files."""
    glance = settings.glance
    return HttpClient(
        tls=tls_options("glance", glance),
        connect_timeout=glance.connect_timeout,
        read_timeout=glance.first_byte_timeout,
    )


def open_image_locks(settings: Settings) -> ImageLocks:
    """Make the locks for writers of one image. Connects to no lock service yet.

    Raises InvalidSettings for a lock service that cannot be used, and OSError if the directory of
    lock files cannot be made.
    """
    try:
        return ImageLocks(coordination_url(settings), settings.glance.timeout)
    except UnusableLockService as error:
        raise InvalidSettings(f"[coordination] backend_url: {error}") from None


def coordination_url(settings: Settings) -> str:
    """Return the URL of the lock service, in tooz's form; it may have a password.

    If none is configured, it names `lock_directory`, which is made if it is missing. Raises OSError
    if the directory cannot be made.
    """
    if settings.coordination.backend_url:
        return settings.coordination.backend_url
    directory = lock_directory(settings)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return f"file://{directory}"


def lock_directory(settings: Settings) -> Path:
    """Return the directory of lock files, which is used if no lock service is configured."""
    return settings.server.state_dir / "locks"
