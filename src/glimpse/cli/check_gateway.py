"""The findings of ``glimpse check`` about a gateway."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace

from glimpse.app.gateway import Gateway, lock_directory, open_gateway, open_image_locks
from glimpse.app.keystone import open_shared_cache
from glimpse.app.keystone_credentials import open_session
from glimpse.cli.directory_check import directory_problem
from glimpse.cli.finding import Finding
from glimpse.identity import Identity, IdentityError, IdentityUnavailable
from glimpse.identity.keystone import CallFailed, EndpointMissing, LoginRefused, ServiceSession
from glimpse.images import Caller, ImageQuery
from glimpse.images.errors import Forbidden, ImageServiceError
from glimpse.settings import InvalidSettings, Settings
from glimpse.settings.options.services import Coordination
from glimpse.upstream.urls import strip_credentials

# The roles that Keystone's default policy allows identity:validate_token.
_VALIDATING_ROLES = frozenset(("admin", "service"))


async def check_gateway(settings: Settings) -> AsyncIterator[Finding]:
    """Call each service that a gateway needs, and yield findings about each call.

    The services are called in the order in which a request needs them. If a call fails, calls that
    need its result are left out. If no gateway can be opened with the settings, yields one "FAIL"
    finding. Leaves no files, except lock files if [coordination] names a directory for them. Each
    call has the timeout of the settings. No finding contains a secret. Raises OSError if this
    process cannot make a temporary directory, or may not search the state directory.
    """
    with tempfile.TemporaryDirectory() as directory:
        try:
            gateway = open_gateway(_with_lock_service(settings, directory))
        except InvalidSettings as error:
            yield Finding("FAIL", str(error))
            return
        try:
            async for finding in _check_services(settings, gateway):
                yield finding
        finally:
            await gateway.images.close()
            await gateway.identity.close()


def _with_lock_service(settings: Settings, directory: str) -> Settings:
    """Return settings that keep lock files in `directory` if no lock service is configured.

    Otherwise returns `settings` unchanged.
    """
    if settings.coordination.backend_url:
        return settings
    return replace(settings, coordination=Coordination(f"file://{directory}"))


async def _check_services(settings: Settings, gateway: Gateway) -> AsyncIterator[Finding]:
    """Call the services of an open gateway, and yield a finding about each call."""
    caller: Caller | None = None
    if gateway.session is None:
        caller = await gateway.identity.authenticate("admin")
    else:
        async for finding, found in _keystone(gateway.session, gateway.identity):
            yield finding
            caller = found or caller
        if settings.service_user.send_service_user_token:
            yield await _service_user(settings)
    async for finding in _glance(gateway, caller):
        yield finding
    if settings.glance_database.is_configured:
        # Loads oslo.policy and a driver, which other gateways do not need
        from glimpse.cli.check_glance_database import check_glance_database  # noqa: PLC0415

        async for finding in check_glance_database(settings):
            yield finding
    yield await _locks(settings)
    if gateway.session is not None:  # without Keystone, no tokens are cached
        async for finding in _memcached(settings):
            yield finding


async def _keystone(
    session: ServiceSession, identity: Identity
) -> AsyncIterator[tuple[Finding, Caller | None]]:
    """Log in with `session`, and validate the token of that login with `identity`.

    Yields pairs of a finding and a caller. Only the finding about a successful validation has the
    caller, whose token was validated; all others have None. If a step fails, yields a "FAIL"
    finding, and leaves out later steps.
    """
    where = f"Keystone at {strip_credentials(session.auth_url or 'the address of the plugin')}"
    try:
        token, _ = await session.token_and_endpoint()
    except LoginRefused as error:
        yield Finding("ok", f"{where} responds"), None
        yield Finding("FAIL", f"[keystone_authtoken] cannot be used: {error.reason}"), None
        return
    except IdentityUnavailable as error:
        yield Finding("FAIL", f"{where}: {_with_reason(error)}"), None
        return
    yield Finding("ok", f"{where} responds"), None
    yield Finding("ok", "the user of [keystone_authtoken] can log in"), None
    try:
        caller = await identity.authenticate(token)
    except IdentityError as error:
        yield Finding("FAIL", f"tokens cannot be validated: {error}"), None
        return
    yield _validation(caller), caller


async def _service_user(settings: Settings) -> Finding:
    session = open_session(settings, "service_user")
    try:
        await session.token_and_endpoint()
    except LoginRefused as error:
        return Finding("FAIL", f"[service_user] cannot be used: {error.reason}")
    except EndpointMissing as error:
        return Finding("FAIL", f"[service_user] cannot be used: {_with_reason(error)}")
    except IdentityUnavailable as error:
        return Finding("FAIL", f"the user of [service_user] cannot log in: {_with_reason(error)}")
    finally:
        await session.close()
    return Finding("ok", "the user of [service_user] can log in")


def _with_reason(error: IdentityUnavailable) -> str:
    """Return the message of `error`, and the reason in parentheses if it is a CallFailed."""
    return f"{error} ({error.reason})" if isinstance(error, CallFailed) else str(error)


def _validation(caller: Caller) -> Finding:
    about = f"user {caller.user_name} has the roles {', '.join(sorted(caller.roles)) or '(none)'}"
    if caller.roles.isdisjoint(_VALIDATING_ROLES):
        return Finding(
            "note",
            f"tokens can be validated, its own at least: {about}, and Keystone's default policy "
            "lets admin or service validate the tokens of others",
        )
    return Finding("ok", f"tokens can be validated: {about}")


async def _glance(gateway: Gateway, caller: Caller | None) -> AsyncIterator[Finding]:
    try:
        servers = await gateway.images.versions()
    except ImageServiceError as error:
        yield Finding("FAIL", f"{error}")
        return
    for server, versions in servers.items():
        where = f"Glance at {strip_credentials(server)}"
        if isinstance(versions, ImageServiceError):
            why = f" ({versions.__cause__})" if versions.__cause__ else ""
            yield Finding("FAIL", f"{where}: {versions}{why}")
        elif not any(version.startswith("v2") for version in versions):
            yield Finding("FAIL", f"{where} has no version 2 of the Image API")
        else:
            yield Finding("ok", f"{where} responds and has {', '.join(_sorted(versions))}")
    if caller is None:
        return
    try:
        await anext(gateway.images.list_images(caller, ImageQuery(limit=1)))
    except Forbidden as error:
        yield Finding(
            "note",
            f"Glance lists no images for user {caller.user_name}, who needs none: they are listed "
            f"for users with their own tokens ({error})",
        )
    except ImageServiceError as error:
        yield Finding("FAIL", f"Glance does not list images: {error}")
    else:
        yield Finding("ok", f"Glance lists images for user {caller.user_name}")


def _sorted(versions: list[str]) -> list[str]:
    """Return versions such as ``v2.9`` and ``v2.15`` in their order, the oldest first."""
    return sorted(versions, key=lambda version: (len(version), version))


async def _locks(settings: Settings) -> Finding:
    if not settings.coordination.backend_url:
        directory = lock_directory(settings)
        problem = directory_problem(directory)
        if problem is not None:
            return Finding("FAIL", f"images cannot be locked in {directory}: {problem}")
        return Finding("ok", f"images can be locked through files in {directory}")
    where = strip_credentials(settings.coordination.backend_url)
    locks = open_image_locks(settings)
    try:
        async with locks.lock("glimpse check"):
            return Finding("ok", f"images can be locked through {where}")
    except ImageServiceError as error:
        return Finding("FAIL", f"images cannot be locked through {where}: {error}")
    except OSError as error:
        return Finding("FAIL", f"images cannot be locked through {where}: {error.strerror}")
    finally:
        await locks.close()


async def _memcached(settings: Settings) -> AsyncIterator[Finding]:
    """Yield a finding about each memcached server; a "note" if the server is unavailable.

    Yields nothing if tokens are not cached in memcached. An unavailable server is no "FAIL",
    because Glimpse works without memcached, but more slowly.
    """
    shared = open_shared_cache(settings)
    if shared is None:
        return
    for server, is_available in (await shared.check_servers()).items():
        text = "responds" if is_available else "does not respond; tokens are validated without it"
        yield Finding("ok" if is_available else "note", f"memcached at {server} {text}")
    shared.close()
