"""Gateway mode: makes the image service over Glance and the identity over Keystone.

This module imports nothing of the embedded services, so that a gateway does not load them.
"""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from glimpse.app.components import Components
from glimpse.app.keystone import open_keystone
from glimpse.app.keystone_credentials import open_session
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
    """The services of a gateway. `session` logs in to Keystone; None with noauth.

    The caller closes `images` and `identity`. Closing `identity` closes `session`.
    """

    images: GlanceImageService
    identity: KeystoneIdentity | NoAuthIdentity
    session: ServiceSession | None = None


async def open_gateway_components(settings: Settings, rules: PolicyRules | None) -> Components:
    """Make the components of a gateway. Connects only to databases, if configured.

    `rules` are the operator's policy rules; None without policy files. The caller closes the
    result. Raises InvalidSettings for options that cannot be used. Also raises InvalidSettings if
    Glimpse does not know the schema of Glance's database and ``fallback`` is ``refuse``. If the
    database or a replica cannot be reached, only logs a warning. Raises OSError if the directory of
    lock files cannot be created. After an error, nothing stays open.
    """
    glance, identity, _ = open_gateway(settings, rules)
    images: ImageService = glance
    readiness_checks: dict[str, ReadinessCheck] = {"glance": glance.ping}
    if settings.glance_database.is_configured:
        async with AsyncExitStack() as opened:
            opened.push_async_callback(glance.close)
            opened.push_async_callback(identity.close)
            images = await _open_image_service(settings, glance, rules, readiness_checks)
            opened.pop_all()
    if isinstance(identity, KeystoneIdentity):
        readiness_checks["keystone"] = identity.ping

    async def image_service_url(_own_url: str) -> str:
        return await glance.base_url()

    return Components(images, identity, image_service_url, readiness_checks)


async def _open_image_service(
    settings: Settings,
    glance: GlanceImageService,
    rules: PolicyRules | None,
    readiness_checks: dict[str, ReadinessCheck],
) -> ImageService:
    """Make the image service that reads Glance's database, and check schema and replicas.

    Adds the checks of the database and its replicas to `readiness_checks`. Raises InvalidSettings
    for options that cannot be used. Also raises InvalidSettings if Glimpse does not know the schema
    and ``fallback`` is ``refuse``. If the database or a replica cannot be reached, only logs a
    warning. After an error, `glance` stays open.
    """
    # Loads oslo.policy and a driver, which other gateways do not need
    from glimpse.app import glance_database  # noqa: PLC0415

    images = await glance_database.open_checked_glance_database(settings, glance, rules)
    readiness_checks["glance_database"] = glance_database.readiness_check(settings, images)
    if settings.glance_database.replica_connection is not None:
        check = glance_database.replica_readiness_check(images)
        readiness_checks["glance_database_replica"] = check
    return images


def open_gateway(settings: Settings, rules: PolicyRules | None = None) -> Gateway:
    """Make the image service and the identity of a gateway.

    Calls no other service, so that a gateway can start while Keystone or Glance is down. `rules`
    are the operator's policy rules; None without policy files. Raises OSError if the directory of
    lock files cannot be created. Raises InvalidSettings for options that cannot be used, such as
    auth_strategy ``embedded``, whose tokens Glance does not accept. After an error, nothing has to
    be closed, because clients connect when first used.
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
    """Make the image service that calls Glance. Calls no other service yet.

    If [glance] has no URL, the first request looks Glance up in the catalog of `session`. `session`
    is None without Keystone; then [glance] must have a URL. If there is a `session` and
    ``send_service_user_token`` is set, requests also have a service token, for which a second
    session logs in as the user of [service_user]. `rules` are the operator's policy rules; None
    without policy files. Raises InvalidSettings for options that cannot be used, and OSError if the
    directory of lock files cannot be created.
    """
    options = glance_options(settings)
    if not options.api_servers and session is None:
        raise InvalidSettings("Without Keystone there is no catalog: set [glance] api_servers.")
    for url in options.api_servers:
        if not is_url(url):
            raise InvalidSettings(
                f"[glance] {strip_credentials(url)} is no URL of a Glance: set one like "
                "http://host:9292."
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
    """Return the options of [glance], except those for the HTTP client (`glance_transport`).

    If both are set, ``api_servers`` has precedence over ``endpoint_override``. If neither is set,
    the result has no ``api_servers``. URLs are not checked.
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
    """Make the locks that writers of an image hold. Connects to no lock service yet.

    Creates the directory of lock files if no lock service is configured. Raises OSError if the
    directory cannot be created. Raises InvalidSettings if tooz cannot use the URL of the lock
    service, or needs a library that is not installed.
    """
    try:
        return ImageLocks(coordination_url(settings), settings.glance.timeout)
    except UnusableLockService as error:
        raise InvalidSettings(f"[coordination] backend_url: {error}") from None


def coordination_url(settings: Settings) -> str:
    """Return the URL of the lock service, in the form that tooz needs.

    The URL may have a password. If no URL is configured, returns the ``file:`` URL of
    `lock_directory`; creates this directory, and its parents, if it is missing. Raises OSError if
    the directory cannot be created.
    """
    if settings.coordination.backend_url:
        return settings.coordination.backend_url
    directory = lock_directory(settings)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return f"file://{directory}"


def lock_directory(settings: Settings) -> Path:
    """Return the directory of the lock files that are used if no lock service is configured.

    The directory need not exist.
    """
    return settings.server.state_dir / "locks"
