"""Gateway mode: the image service and the identity that an operator's nova.conf names."""

from typing import NamedTuple

from keystoneauth1 import loading
from keystoneauth1.exceptions import ClientException

from glimpse.glance import GlanceImageService, GlanceOptions, Turns
from glimpse.identity import IdentityUnavailable
from glimpse.identity.keystone import KeystoneIdentity, KeystoneOptions, ServiceSession
from glimpse.settings import Settings


class GatewayError(Exception):
    """The gateway cannot start with this configuration; the message says why."""


class Gateway(NamedTuple):
    """What a gateway serves with. `image_url` is Glance's base URL, without a slash at the end."""

    images: GlanceImageService
    identity: KeystoneIdentity
    image_url: str


async def open_gateway(settings: Settings) -> Gateway:
    """Make the parts. Asks Keystone only when no [glance] option says where Glance is.

    Raises GatewayError.
    """
    options = _keystone_options(settings)
    try:
        loading.register_auth_conf_options(settings.parsed, "keystone_authtoken")
        plugin = loading.load_auth_from_conf_options(settings.parsed, "keystone_authtoken")
    except (ClientException, ValueError) as error:
        raise GatewayError(f"[keystone_authtoken] cannot be used: {error}") from None
    if plugin is None:
        raise GatewayError("[keystone_authtoken] auth_type is not set, so nobody can log in.")
    session = ServiceSession(options, plugin)
    servers = await _glance_servers(settings, session)
    glance = settings.glance
    images = GlanceImageService(
        GlanceOptions(
            api_servers=servers,
            num_retries=glance.num_retries,
            connect_timeout=glance.connect_timeout,
            first_byte_timeout=glance.first_byte_timeout,
            total_timeout=glance.timeout,
            turn_timeout=glance.timeout,
            cafile=glance.cafile,
            certfile=glance.certfile,
            keyfile=glance.keyfile,
            insecure=glance.insecure,
        ),
        Turns(_coordination_url(settings), glance.timeout),
    )
    return Gateway(images, KeystoneIdentity(options, session), servers[0])


def _keystone_options(settings: Settings) -> KeystoneOptions:
    keystone = settings.keystone_authtoken
    return KeystoneOptions(
        www_authenticate_uri=keystone.www_authenticate_uri,
        interface=keystone.interface,
        region_name=keystone.region_name,
        token_cache_time=keystone.token_cache_time,
        service_token_roles=frozenset(keystone.service_token_roles),
        service_token_roles_required=keystone.service_token_roles_required,
        http_connect_timeout=float(keystone.http_connect_timeout or 10),
        http_request_max_retries=keystone.http_request_max_retries,
        cafile=keystone.cafile,
        certfile=keystone.certfile,
        keyfile=keystone.keyfile,
        insecure=keystone.insecure,
    )


async def _glance_servers(settings: Settings, session: ServiceSession) -> tuple[str, ...]:
    """Glance's base URLs: configured, or as the catalog has it."""
    glance = settings.glance
    named = glance.api_servers or ((glance.endpoint_override,) if glance.endpoint_override else ())
    if not named:
        try:
            found = await session.endpoint_of(
                glance.service_type, glance.valid_interfaces, glance.region_name
            )
        except IdentityUnavailable as error:
            raise GatewayError(f"Glance's address is not known: {error}") from None
        named = (found,)
    return tuple(url.rstrip("/").removesuffix("/v2") for url in named)


def _coordination_url(settings: Settings) -> str:
    """Where writers of one image take turns: what is configured, or files of this machine."""
    if settings.coordination.backend_url:
        return settings.coordination.backend_url
    directory = settings.server.state_dir / "locks"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return f"file://{directory}"
