"""Embedded mode: opens the embedded image service, and the identity that is configured."""

from contextlib import AsyncExitStack
from functools import partial

import anyio
from starlette.types import ASGIApp

from glimpse.app.components import Components
from glimpse.app.embedded_options import embedded_options
from glimpse.embedded.readiness_checks import check_catalog, check_data
from glimpse.embedded.servers.server_table import ServerTable
from glimpse.embedded.servers.service import EmbeddedServers
from glimpse.embedded.service import EmbeddedImageService
from glimpse.http.readiness import ReadinessCheck
from glimpse.identity import Identity
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.readiness_check import check_identity
from glimpse.identity.noauth import NoAuthIdentity
from glimpse.identity_api.routes import identity_api
from glimpse.image_api import image_api
from glimpse.images import Permissions, PolicyRules
from glimpse.settings import Settings


async def open_embedded_components(settings: Settings, rules: PolicyRules | None) -> Components:
    """Open the image service and the identity, and make the Image and Identity APIs.

    `rules` are the operator's policy rules; None without policy files. The caller closes the
    result. Creates missing files in the state directory and migrates the catalog. Undoes uploads of
    ended processes, and continues or undoes their imports and snapshots.

    Raises InvalidSettings for options that cannot be used. Raises OSError, UnusableCatalog,
    InvalidStateFile, IdentityUnavailable or an error of `images.errors` if a file in the state
    directory cannot be used. After an error, nothing stays open.
    """
    anyio.current_time()  # loads anyio's backend: 17 ms that the first download would wait for
    state_dir = settings.server.state_dir
    images = EmbeddedImageService.open(
        state_dir, options=embedded_options(settings), permissions=Permissions(rules)
    )
    async with AsyncExitStack() as opened:
        opened.push_async_callback(images.close)
        servers = await _open_servers(settings, images, opened)
        identity, own_identity_api, identity_checks = _open_identity(settings)
        opened.pop_all()
    readiness_checks: dict[str, ReadinessCheck] = {
        "catalog": partial(check_catalog, state_dir, images.catalog_problem),
        "data": partial(check_data, state_dir),
        **identity_checks,
    }

    async def image_service_url(own_url: str) -> str:
        return own_url

    return Components(
        images,
        identity,
        image_service_url,
        readiness_checks,
        image_api=image_api(images, identity),
        identity_api=own_identity_api,
        servers=servers,
        wait_for_background_work=partial(_wait_until_idle, images, servers),
    )


async def _open_servers(
    settings: Settings, images: EmbeddedImageService, opened: AsyncExitStack
) -> EmbeddedServers | None:
    """Open the servers; return None if the state directory was made without servers.

    In both cases, continues or undoes uploads, imports and snapshots that an ended process left
    incomplete. Closing `opened` closes the servers. Raises OSError, Unavailable or StorageFull if
    files in the state directory cannot be read or written.
    """
    state_dir, seconds = settings.server.state_dir, settings.embedded.snapshot_seconds
    if not ServerTable.exists(state_dir):
        await images.recover()
        return None
    servers = EmbeddedServers(state_dir, images, snapshot_seconds=seconds)
    opened.push_async_callback(servers.close)
    await images.recover(servers.resume)
    return servers


async def _wait_until_idle(images: EmbeddedImageService, servers: EmbeddedServers | None) -> None:
    """Wait until no import runs or waits, and no snapshot is made.

    `servers` is None if the cloud has no servers.
    """
    await images.imports.wait_until_idle()
    if servers is not None:
        await servers.wait_until_idle()


def _open_identity(
    settings: Settings,
) -> tuple[Identity, ASGIApp | None, dict[str, ReadinessCheck]]:
    """Open the identity that [api] auth_strategy names.

    Returns the identity, its Identity API (None for noauth and Keystone), and its readiness checks
    by their names in `/readiness`. Raises OSError, InvalidStateFile or IdentityUnavailable for
    files of the embedded identity, and InvalidSettings for options of Keystone that cannot be used.
    """
    if settings.api.auth_strategy == "noauth":
        return NoAuthIdentity(), None, {}
    if settings.api.auth_strategy == "keystone":
        from glimpse.app.keystone import open_keystone  # noqa: PLC0415  loads slowly
        from glimpse.app.keystone_credentials import open_session  # noqa: PLC0415  loads slowly

        keystone = open_keystone(settings, open_session(settings))
        return keystone, None, {"keystone": keystone.ping}
    state_dir = settings.server.state_dir
    embedded = EmbeddedIdentity.open(
        state_dir,
        token_expiration=settings.embedded.token_expiration,
        region_name=settings.embedded.region_name,
    )
    return embedded, identity_api(embedded), {"identity": partial(check_identity, state_dir)}
