"""Gateway mode: Keystone's identity and Glance's images, made of the operator's settings."""

from collections.abc import Awaitable, Callable

from keystoneauth1 import loading

from glimpse.glance import GlanceImageService, GlanceOptions, Turns
from glimpse.identity import IdentityUnavailable
from glimpse.identity.keystone import KeystoneIdentity, KeystoneOptions, ServiceSession
from glimpse.images.errors import Unavailable
from glimpse.settings import Settings

_SECTION = "keystone_authtoken"
_CONNECT_TIMEOUT = 10.0  # seconds, where the operator names none


def service_session(settings: Settings) -> ServiceSession:
    """Glimpse's own login, by the keystoneauth plugin that [keystone_authtoken] names.

    Raises keystoneauth1.exceptions.ClientException or oslo_config.cfg.Error for a section that
    cannot be used.
    """
    loading.register_auth_conf_options(settings.parsed, _SECTION)
    plugin = loading.load_auth_from_conf_options(settings.parsed, _SECTION)
    return ServiceSession(_keystone_options(settings, None), plugin)


def keystone_identity(settings: Settings, service: ServiceSession) -> KeystoneIdentity:
    """The identity that asks Keystone as `service`."""
    return KeystoneIdentity(_keystone_options(settings, service.auth_url), service)


def glance_service(settings: Settings, service: ServiceSession | None) -> GlanceImageService:
    """The images of the Glance that [glance] names, or of the one in the catalog of `service`.

    Writers take turns by lock files in the state directory.
    """
    options = _glance_options(settings)
    directory = settings.server.state_dir / "turns"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    turns = Turns(f"file://{directory}", options.turn_timeout)
    return GlanceImageService(options, turns, _finder(settings, service) if service else None)


def _finder(settings: Settings, service: ServiceSession) -> Callable[[], Awaitable[str]]:
    glance = settings.glance

    async def find() -> str:
        try:
            return await service.endpoint_of(
                glance.service_type, glance.valid_interfaces, glance.region_name
            )
        except IdentityUnavailable as error:
            raise Unavailable(str(error), error.retry_after) from None

    return find


def _glance_options(settings: Settings) -> GlanceOptions:
    glance = settings.glance
    override = (glance.endpoint_override,) if glance.endpoint_override else ()
    return GlanceOptions(
        api_servers=override or tuple(glance.api_servers),
        num_retries=glance.num_retries,
        connect_timeout=glance.connect_timeout,
        first_byte_timeout=glance.first_byte_timeout,
        total_timeout=glance.timeout,
        cafile=glance.cafile,
        certfile=glance.certfile,
        keyfile=glance.keyfile,
        insecure=glance.insecure,
    )


def _keystone_options(settings: Settings, auth_url: str | None) -> KeystoneOptions:
    given = settings.keystone_authtoken
    return KeystoneOptions(
        www_authenticate_uri=given.www_authenticate_uri or auth_url,
        interface=given.interface,
        region_name=given.region_name,
        token_cache_time=given.token_cache_time,
        service_token_roles=frozenset(given.service_token_roles),
        service_token_roles_required=given.service_token_roles_required,
        http_connect_timeout=given.http_connect_timeout or _CONNECT_TIMEOUT,
        cafile=given.cafile,
        certfile=given.certfile,
        keyfile=given.keyfile,
        insecure=given.insecure,
    )
